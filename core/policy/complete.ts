// Looks for everything that conditions ask about content. A decision stops looking as soon as it is certain; who asks why, or what a
// test reaches, wants every value.
import { locationsOf } from './locations.ts'
import type { BoundPolicies } from './bind.ts'
import type { ContentScan } from './content-scan.ts'

/** The values with the numbers about findings filled in, where there is content to look at. */
export async function withAllFindings(
  { program, detection }: BoundPolicies,
  values: readonly unknown[],
  prompt: ContentScan,
  completion: ContentScan | null = null,
): Promise<readonly unknown[]> {
  const all = [...values]
  for (const [slot, source] of program.slots.entries()) {
    if (all[slot] !== undefined || source.kind !== 'finding') continue
    const content = source.location.startsWith('prompt') ? prompt : completion
    if (content === null) continue
    const members = detection.members(source.detector)
    const locations = locationsOf(source.location)
    await content.scan(members, locations)
    all[slot] = content.numbers(members, locations)?.[source.field]
  }
  return all
}
