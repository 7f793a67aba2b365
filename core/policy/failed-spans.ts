// Spans that a policy protects whatever its condition reads, and that could not be looked for: its `on error` decides, as for a condition.
import { refusedByFailure } from '../../dsl/index.ts'
import type { BoundPolicies } from './bind.ts'
import type { ContentScan } from './content-scan.ts'
import type { Refused } from './language.ts'
import type { SpanCall } from './spans.ts'

/** The refusal of the first (strongest) call whose detectors failed; null if none failed, or `on error` lets it pass. */
export function refusedForFailedSpans(
  { program }: BoundPolicies,
  calls: readonly SpanCall[],
  content: Pick<ContentScan, 'hasFailed'>,
): Refused | null {
  for (const { call, detectors } of calls) {
    if (!content.hasFailed(detectors)) continue
    const refused = refusedByFailure(program.bundle.policies.find(({ id }) => id === call.policy)!)
    if (refused) return refused
  }
  return null
}
