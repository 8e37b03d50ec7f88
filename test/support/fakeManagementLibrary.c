/*
 * A management library like NVIDIA's with two GPUs, for tests of what is read from the driver. Compiled with
 * definitions for what does not work: NO_INIT, NO_GPUS, OLD (functions are missing), CUDA_VERSION. With JOURNAL, the
 * name of a file, opening and closing write a letter there.
 */
#include <stdio.h>
#include <string.h>

#ifndef CUDA_VERSION
#define CUDA_VERSION 13000
#endif

typedef struct {
  unsigned long long total, free, used;
} Memory;

static int gpus[2];

static void note(char letter) {
#ifdef JOURNAL
  FILE* file = fopen(JOURNAL, "a");
  if (file != NULL) {
    fputc(letter, file);
    fclose(file);
  }
#else
  (void)letter;
#endif
}

int nvmlInit_v2(void) {
#ifdef NO_INIT
  return 9; /* NVML_ERROR_DRIVER_NOT_LOADED */
#else
  note('i');
  return 0;
#endif
}

int nvmlShutdown(void) {
  note('s');
  return 0;
}

static int write_text(char* text, unsigned int length, const char* value) {
  if (strlen(value) >= length) return 7; /* NVML_ERROR_INSUFFICIENT_SIZE */
  strcpy(text, value);
  return 0;
}

int nvmlSystemGetDriverVersion(char* version, unsigned int length) {
  return write_text(version, length, "580.65.06");
}

int nvmlSystemGetCudaDriverVersion(int* version) {
  *version = CUDA_VERSION;
  return 0;
}

int nvmlDeviceGetCount_v2(unsigned int* count) {
#ifdef NO_GPUS
  *count = 0;
#else
  *count = 3;
#endif
  return 0;
}

/* The GPU in the middle belongs to somebody else. */
int nvmlDeviceGetHandleByIndex_v2(unsigned int index, void** gpu) {
  if (index == 1) return 4; /* NVML_ERROR_NO_PERMISSION */
  *gpu = &gpus[index / 2];
  return 0;
}

int nvmlDeviceGetName(void* gpu, char* name, unsigned int length) {
  return write_text(name, length, gpu == &gpus[0] ? "NVIDIA H100 80GB HBM3" : "NVIDIA GB10");
}

#ifndef OLD
int nvmlSystemGetCudaDriverVersion_v2(int* version) {
  return nvmlSystemGetCudaDriverVersion(version);
}

int nvmlDeviceGetUUID(void* gpu, char* uuid, unsigned int length) {
  return write_text(uuid, length, gpu == &gpus[0] ? "GPU-11111111-aaaa" : "GPU-22222222-bbbb");
}

int nvmlDeviceGetMemoryInfo(void* gpu, Memory* memory) {
  if (gpu == &gpus[1]) return 3; /* NVML_ERROR_NOT_SUPPORTED */
  memory->total = 85520809984ull;
  memory->free = 84718321664ull;
  memory->used = memory->total - memory->free;
  return 0;
}

int nvmlDeviceGetCudaComputeCapability(void* gpu, int* major, int* minor) {
  *major = gpu == &gpus[0] ? 9 : 12;
  *minor = gpu == &gpus[0] ? 0 : 1;
  return 0;
}
#endif
