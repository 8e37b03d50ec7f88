/** @file What keeps libtorch from this machine's NVIDIA cards, each with its fix. */

import { setupCommand } from '../common/installation.js';
import { type Card, isOrderUncertain } from './cards.js';
import type { Facts, Finding } from './findings.js';
import type { RuntimeInfo } from './runtime.js';

export function cardFindings(facts: Facts): Finding[] {
  const { runtime } = facts;
  if (runtime === null) return [];
  const findings = [...buildFindings(facts, runtime), ...visibilityFindings(facts, runtime)];
  // What is said above already tells why CUDA does not start.
  if (findings.length === 0) findings.push(...startFindings(facts, runtime));
  return [...findings, ...orderFindings(facts, runtime)];
}

/** A libtorch without CUDA beside a card, and one with CUDA that finds no driver, too old a one, or no card. */
function buildFindings({ installation, hasNvidiaGpu, nvidia }: Facts, runtime: RuntimeInfo): Finding[] {
  const { cudaBuild } = runtime;
  if (cudaBuild === null) {
    if (!hasNvidiaGpu) return [];
    const which =
      installation === null ? runtime.torchVersion : `${installation.version} in ${installation.root}`;
    const problem = `This libtorch (${which}) computes on the processor only, so ${unusedCards(nvidia?.cards ?? [])}.`;
    // The command line says the same where somebody asks for a card.
    const fix = `Install one with CUDA (for instance Python's torch) and run 'LIBTORCH=\u2026 ${setupCommand()}'.`;
    return [{ severity: 'slow', problem, fix }];
  }
  if (!hasNvidiaGpu) {
    const missing = nvidia === null ? "NVIDIA's driver is not here" : "NVIDIA's driver sees no card";
    return [
      {
        severity: 'note',
        problem: `This libtorch has CUDA ${cudaBuild}, but ${missing}, so it computes on the processor.`,
        fix: `Nothing on a machine without a card; with one, install NVIDIA's driver for CUDA ${majorOf(cudaBuild)} or newer (in a container: start it with --gpus all).`,
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
  { nvidia, visibleCards, cudaVisibleDevices }: Facts,
  runtime: RuntimeInfo,
): Finding[] {
  const cards = nvidia?.cards ?? [];
  const isHidden = cards.length > 0 && visibleCards.length === 0 && cudaVisibleDevices !== null;
  if (!isHidden || runtime.cudaBuild === null) return [];
  const all = cards.length === 1 ? 'the only card' : `all ${cards.length} cards`;
  const numbers = cards.map(({ index }) => index).join(', ');
  return [
    {
      severity: 'slow',
      problem: `CUDA_VISIBLE_DEVICES='${cudaVisibleDevices}' hides ${all} of this machine.`,
      fix: `unset CUDA_VISIBLE_DEVICES, or name cards by number (${numbers}) or UUID, each once`,
    },
  ];
}

/** CUDA that does not start although nothing that was looked at speaks against it. */
function startFindings({ hasNvidiaGpu, nvidia }: Facts, runtime: RuntimeInfo): Finding[] {
  if (!hasNvidiaGpu || runtime.cudaAvailable) return [];
  const problem =
    nvidia === null
      ? "There is an NVIDIA card here, but its driver's management library (libnvidia-ml.so.1) is missing or does not answer."
      : `CUDA does not start here, although NVIDIA's driver ${nvidia.driverVersion} lists ${listCards(nvidia.cards)}.`;
  return [
    {
      severity: 'slow',
      problem,
      fix: "Run 'nvidia-smi' to see what the driver says; after an upgrade of the driver restart the machine, and start a container with --gpus all.",
    },
  ];
}

function orderFindings({ nvidia, visibleCards, environment }: Facts, { cudaBuild }: RuntimeInfo): Finding[] {
  const isUncertain = isOrderUncertain(nvidia?.cards ?? [], environment.CUDA_DEVICE_ORDER);
  if (cudaBuild === null || visibleCards.length === 0 || !isUncertain) return [];
  return [
    {
      severity: 'note',
      problem:
        "The cards here are of several kinds, and CUDA numbers the fastest first: 'cuda:0' may be another card than the one listed above.",
      fix: 'export CUDA_DEVICE_ORDER=PCI_BUS_ID',
    },
  ];
}

function unusedCards(cards: readonly Card[]): string {
  if (cards.length === 0) return 'the NVIDIA card here is not used';
  if (cards.length === 1) return `the ${cards[0]!.name} here is not used`;
  return `the ${cards.length} cards here (${listCards(cards)}) are not used`;
}

/** The cards' names, each once. */
function listCards(cards: readonly Card[]): string {
  return [...new Set(cards.map(({ name }) => name))].join(', ') || 'no card';
}

function majorOf(version: string): number {
  return Number.parseInt(version, 10);
}
