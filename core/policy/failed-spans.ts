// Spans that a policy protects and that cannot be: those that could not be looked for, where its `on error` decides, as for a condition, and
// those that stand where nothing can be rewritten.
import { refusedByFailure } from '../../dsl/index.ts'
import type { BoundPolicies } from './bind.ts'
import type { ContentScan } from './content-scan.ts'
import type { Part } from '../model/content.ts'
import type { Refused } from './language.ts'
import { rewriteText, type Rewritten, type SpanCall } from './spans.ts'

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

/** The refusal of a part that must stay as it is and holds what would have been rewritten. */
export function refusedForFixed({ location }: Part, { applied }: Rewritten): Refused {
  const message = `Something protected stands in ${location}, where it cannot be removed.`
  return { policy: applied[0]?.call.policy ?? '', code: 'pii_detected', message, status: null }
}

/** The refusal that the calls lead to in a content that they have been scanned for; null: all can be carried out. */
export function refusedForSpans(bound: BoundPolicies, calls: readonly SpanCall[], content: ContentScan): Refused | null {
  const failed = refusedForFailedSpans(bound, calls, content)
  if (failed || calls.length === 0) return failed
  for (const [index, part] of content.parts.entries()) {
    const rewritten = part.rewritable ? null : rewriteText(part.text, content.findingsIn(index), part, calls)
    if (rewritten) return refusedForFixed(part, rewritten)
  }
  return null
}
