// Writes `docs/diagnostics.md` from the catalogue of diagnostic codes. `npm run diagnostics`; a test says when it has to be run.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CODES } from '../dsl/diagnostics/codes.ts'

export function diagnosticsPage(): string {
  const sections = CODES.map(({ code, title, explanation }) => `## ${code}: ${title}\n\n${explanation}\n`)
  return [
    '# Diagnostics of the policy language\n',
    'What `sallyport policy check` says, by code. A code is permanent and never used again for something else.\n',
    'P0xx: text and grammar. P1xx: meaning. P2xx: detectors. P5xx: operation.\n',
    ...sections,
  ].join('\n')
}

if (import.meta.main) writeFileSync(join(import.meta.dirname, '../docs/diagnostics.md'), diagnosticsPage())
