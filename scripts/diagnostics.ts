// Writes `docs/diagnostics.md` from the catalogue of diagnostic codes and their examples. `npm run diagnostics`; a test says when it has to be run.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CODES, type CodeEntry } from '../dsl/diagnostics/codes.ts'
import { EXAMPLES, type CodeExample } from '../dsl/diagnostics/examples.ts'

/** Longer examples are there because of their length. */
const MAX_LINES = 24
const MAX_CHARS = 120

export function diagnosticsPage(): string {
  return [
    '# Diagnostics of the policy language\n',
    'What `sallyport policy check` says, by code. A code is permanent and never used again for something else.\n',
    'P0xx: text and grammar. P1xx: meaning. P2xx: detectors. P3xx: logic. P4xx: tests. P5xx: operation.\n',
    'What a policy can say: [the guide](policy-language.md) and [the reference](policy-reference.md) of verbs, attributes and operators.\n',
    'The first example of a section raises the code, the second does not. They stand behind `module acme.example`; a test executes them all.\n',
    ...CODES.map(section),
  ].join('\n')
}

function section({ code, title, explanation }: CodeEntry): string {
  const examples = EXAMPLES.filter((example) => example.code === code)
  return [`## ${code}: ${title}\n`, `${explanation}\n`, ...examples.map(shown)].join('\n')
}

function shown({ bad, good, files = {} }: CodeExample): string {
  const lists = Object.entries(files).map(([path, text]) => `\`${path}\`:\n\n${block('text', text)}`)
  return [...lists, block('policy', bad), 'Better:\n', block('policy', good)].join('\n')
}

function block(language: string, text: string): string {
  const lines = text.trimEnd().split('\n').map(shortLine)
  const kept = lines.length <= MAX_LINES ? lines : [...lines.slice(0, 6), `# … and ${lines.length - 6} more lines like these`]
  return `\`\`\`${language}\n${kept.join('\n')}\n\`\`\`\n`
}

const shortLine = (line: string): string => (line.length <= MAX_CHARS ? line : `${line.slice(0, 40)} … ${line.slice(-40)}`)

if (import.meta.main) writeFileSync(join(import.meta.dirname, '../docs/diagnostics.md'), diagnosticsPage())
