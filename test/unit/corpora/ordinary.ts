// Ordinary prose and code: the documentation of this repository and the READMEs of its dependencies. What detectors report here is
// mostly false, though not all of it: READMEs do hold addresses of mailboxes and hosts.
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, type Scanner } from './scanner.ts'
import type { Finding } from '../../../core/model/content.ts'

const MAX_BYTES = 4 * 1024 * 1024
/** Pages made of examples that detectors are meant to find. */
const MADE_OF_EXAMPLES = ['accuracy.md', 'detectors.md', 'policy-reference.md', 'policy-language.md', 'diagnostics.md', 'tutorial.md']
/** Packages of one platform are not there on others. */
const OF_ONE_PLATFORM = /(?:linux|darwin|win32|win|arm64|x64|musl|gnu)/

export interface OrdinaryText {
  readonly path: string
  readonly text: string
}

export interface Ordinary {
  readonly bytes: number
  /** Findings by detector. */
  readonly findings: ReadonlyMap<string, readonly { readonly path: string; readonly found: string; readonly score: number }[]>
}

/** Sorted by path, some megabytes at most. */
function readOrdinary(): readonly OrdinaryText[] {
  const docs = globSync('{docs/**/*.md,*.md}', { cwd: ROOT }).filter((path) => !MADE_OF_EXAMPLES.some((name) => path.endsWith(name)))
  const readmes = globSync('node_modules/{*,@*/*}/[Rr][Ee][Aa][Dd][Mm][Ee]*.md', { cwd: ROOT }).filter(
    (path) => !OF_ONE_PLATFORM.test(path),
  )
  const texts: OrdinaryText[] = []
  let left = MAX_BYTES
  for (const path of [...docs.sort(), ...readmes.sort()]) {
    if (!existsSync(join(ROOT, path))) continue
    const text = readFileSync(join(ROOT, path), 'utf8')
    left -= Buffer.byteLength(text)
    if (left < 0) break
    texts.push({ path, text })
  }
  return texts
}

export async function measureOrdinary({ scan, detectors }: Scanner, texts = readOrdinary()): Promise<Ordinary> {
  const findings = new Map(detectors.map((name) => [name, [] as { path: string; found: string; score: number }[]]))
  let bytes = 0
  for (const { path, text } of texts) {
    bytes += Buffer.byteLength(text)
    for (const finding of await scan(text)) findings.get(finding.detector)!.push(seen(path, text, finding))
  }
  return { bytes, findings }
}

const seen = (path: string, text: string, { start, end, score }: Finding) => ({ path, found: text.slice(start, end), score })
