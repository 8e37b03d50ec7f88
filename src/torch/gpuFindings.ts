/** @file What keeps libtorch from this machine's NVIDIA GPUs, each with its fix. */

import { setupCommand } from '../common/installation.js';
import type { Facts, Finding } from './facts.js';
import { isOrderUncertain } from './gpus.js';
import type { Gpu, RuntimeInfo } from './nativeBinding.js';

export function gpuFindings(facts: Facts): Finding[] {
  const { runtime } = facts;
  if (runtime === null) return [];
  const findings = [...buildFindings(facts, runtime), ...visibilityFindings(facts, runtime)];
  // What is said above already tells why CUDA does not start.
  if (findings.length === 0) findings.push(...startFindings(facts, runtime));
  return [...findings, ...orderFindings(facts, runtime)];
}

/** A libtorch without CUDA beside a GPU, and one with CUDA that finds no driver, too old a one, or no GPU. */
function buildFindings({ installation, hasNvidiaGpu, nvidia }: Facts, runtime: RuntimeInfo): Finding[] {
  const { cudaBuild } = runtime;
  if (cudaBuild === null) {
    if (!hasNvidiaGpu) return [];
    const which =
      installation === null ? runtime.torchVersion : `${installation.version} in ${installation.root}`;
    const problem = `This libtorch (${which}) computes on the processor only, so ${unusedGpus(nvidia?.gpus ?? [])}.`;
    // The command line says the same where somebody asks for a GPU.
    const fix = `Install one with CUDA (for instance Python's torch) and run 'LIBTORCH=\u2026 ${setupCommand()}'.`;
    return [{ severity: 'slow', problem, fix }];
  }
  if (!hasNvidiaGpu) {
    const missing = nvidia === null ? "NVIDIA's driver is not here" : "NVIDIA's driver sees no GPU";
    return [
      {
        severity: 'note',
        problem: `This libtorch has CUDA ${cudaBuild}, but ${missing}, so it computes on the processor.`,
        fix: `Nothing on a machine without a GPU; with one, install NVIDIA's driver for CUDA ${majorOf(cudaBuild)} or newer (in a container: start it with --gpus all).`,
      },
    ];
  }
  const offered = nvidia?.cudaDriverVersion ?? null;
  // Within a major version an older driver runs what was built for a newer CUDA.
  if (nvidia !== null && offered !== null && majorOf(offered) < majorOf(cudaBuild)) {
    return [
      {
        severity: 'slow',
        problem: `NVIDIA's driver ${nvidia.driverVersion} runs CUDA ${offered}, which is too old for this libtorch's CUDA ${cudaBuild}.`,
        fix: `Install a driver for CUDA ${majorOf(cudaBuild)} or newer, or a libtorch built with CUDA ${majorOf(offered)} and run 'LIBTORCH=\u2026 ${setupCommand()}'.`,
      },
    ];
  }
  return [];
}

function visibilityFindings(
  { nvidia, visibleGpus, cudaVisibleDevices }: Facts,
  runtime: RuntimeInfo,
): Finding[] {
  const gpus = nvidia?.gpus ?? [];
  const isHidden = gpus.length > 0 && visibleGpus.length === 0 && cudaVisibleDevices !== null;
  if (!isHidden || runtime.cudaBuild === null) return [];
  const all = gpus.length === 1 ? 'the only GPU' : `all ${gpus.length} GPUs`;
  const numbers = gpus.map(({ index }) => index).join(', ');
  return [
    {
      severity: 'slow',
      problem: `CUDA_VISIBLE_DEVICES='${cudaVisibleDevices}' hides ${all} of this machine.`,
      fix: `unset CUDA_VISIBLE_DEVICES, or name GPUs by number (${numbers}) or UUID, each once`,
    },
  ];
}

/** CUDA that does not start although nothing that was looked at speaks against it. */
function startFindings({ hasNvidiaGpu, nvidia }: Facts, runtime: RuntimeInfo): Finding[] {
  if (!hasNvidiaGpu || runtime.cudaAvailable) return [];
  const problem =
    nvidia === null
      ? "There is an NVIDIA GPU here, but its driver's management library (libnvidia-ml.so.1) is missing or does not answer."
      : `CUDA does not start here, although NVIDIA's driver ${nvidia.driverVersion} lists ${listGpus(nvidia.gpus)}.`;
  return [
    {
      severity: 'slow',
      problem,
      fix: "Run 'nvidia-smi' to see what the driver says; after an upgrade of the driver restart the machine, and start a container with --gpus all.",
    },
  ];
}

function orderFindings({ nvidia, visibleGpus, environment }: Facts, { cudaBuild }: RuntimeInfo): Finding[] {
  const isUncertain = isOrderUncertain(nvidia?.gpus ?? [], environment.CUDA_DEVICE_ORDER);
  if (cudaBuild === null || visibleGpus.length === 0 || !isUncertain) return [];
  return [
    {
      severity: 'note',
      problem:
        "The GPUs here are of several kinds, and CUDA numbers the fastest first: 'cuda:0' may be another GPU than the one listed above.",
      fix: 'export CUDA_DEVICE_ORDER=PCI_BUS_ID',
    },
  ];
}

function unusedGpus(gpus: readonly Gpu[]): string {
  if (gpus.length === 0) return 'the NVIDIA GPU here is not used';
  if (gpus.length === 1) return `the ${gpus[0]!.name} here is not used`;
  return `the ${gpus.length} GPUs here (${listGpus(gpus)}) are not used`;
}

/** The GPUs' names, each once. */
function listGpus(gpus: readonly Gpu[]): string {
  return [...new Set(gpus.map(({ name }) => name))].join(', ') || 'no GPU';
}

function majorOf(version: string): number {
  return Number.parseInt(version, 10);
}
