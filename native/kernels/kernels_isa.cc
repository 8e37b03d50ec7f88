// All kernels for one instruction set. CMake compiles this file once for each, with LXMERT_ISA its name.
#include "attention_kernels.h"
#include "flat_kernels.h"
#include "kernels.h"
#include "packed_product.h"
#include "row_kernels.h"
#include "small_product.h"
#include "winograd.h"

#define LXMERT_QUOTE_(name) #name
#define LXMERT_QUOTE(name) LXMERT_QUOTE_(name)

namespace lxmert::LXMERT_ISA {

extern const Kernels kKernels;
const Kernels kKernels = {
    LXMERT_QUOTE(LXMERT_ISA),
    KeepRows,
    {RunNormForward<float>, RunNormForward<BFloat16>},
    {RunNormBackward<float>, RunNormBackward<BFloat16>},
    {RunSmallProduct<float>, RunSmallProduct<BFloat16>},
    kPanelWidth,
    kTileRows,
    RunPackedTile,
    RunPackedFinish,
    PackPanels,
    UnpackPanels,
    kLanes,
    RunWinogradInput,
    RunWinogradOutput,
    RunWinogradWeight,
    {RunGeluForward<float>, RunGeluForward<BFloat16>},
    {RunGeluBackward<float>, RunGeluBackward<BFloat16>},
    {RunSumRows<float>, RunSumRows<BFloat16>},
    AttentionScratch,
    {RunAttentionForward<float>, RunAttentionForward<BFloat16>},
    {RunAttentionBackward<float>, RunAttentionBackward<BFloat16>},
    {RunSumOfSquares<float>, RunSumOfSquares<BFloat16>},
    {RunAdamStep<float>, RunAdamStep<BFloat16>},
};

}  // namespace lxmert::LXMERT_ISA
