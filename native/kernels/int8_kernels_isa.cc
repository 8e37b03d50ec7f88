// All 8-bit kernels for one instruction set. CMake compiles this file once for each, with LXMERT_ISA its name.
#include "int8_kernels.h"
#include "int8_packing.h"
#include "int8_product.h"
#include "int8_rounding.h"

#define LXMERT_QUOTE_(name) #name
#define LXMERT_QUOTE(name) LXMERT_QUOTE_(name)

namespace lxmert::LXMERT_ISA {

extern const Int8Kernels kInt8Kernels;
const Int8Kernels kInt8Kernels = {
    LXMERT_QUOTE(LXMERT_ISA), kPanelColumns, kStepDepth, kTileRows,  RoundRows<kLevels>, RunInt8Tile,
    RunInt8TileSums,          FindMoreSteps, PackInt8,   UnpackInt8,
};

}  // namespace lxmert::LXMERT_ISA
