// In which order the targets of one model are tried.
import type { Target } from '../../core/plugin/index.ts'

export type Strategy = 'priority' | 'weighted'

/** `priority`: the order of the file. `weighted`: a share of exchanges by weight, always the same for the same exchange. */
export function orderTargets(targets: readonly Target[], strategy: Strategy, exchangeId: string): readonly Target[] {
  if (strategy === 'priority' || targets.length < 2) return targets
  return targets
    .map((target) => ({ target, score: scoreOf(target, exchangeId) }))
    .sort((a, b) => a.score - b.score)
    .map(({ target }) => target)
}

/**
 * Weighted rendezvous hashing: -ln(u) / weight is exponentially distributed with rate `weight`, so the smallest score falls to each
 * target in proportion to its weight, and so does every further place. (Efraimidis & Spirakis, Weighted random sampling, 2006.)
 */
function scoreOf(target: Target, exchangeId: string): number {
  const uniform = (hash32(`${exchangeId} ${target.id}`) + 0.5) / 2 ** 32
  return -Math.log(uniform) / target.weight
}

/** FNV-1a with the finaliser of MurmurHash3, which spreads ids that differ in their last characters only. */
function hash32(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
