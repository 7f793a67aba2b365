// How accurate the shipped detectors are on the corpora. `node test/unit/corpora/accuracy.ts` prints the tables; `--label X` that label alone,
// `--class C` its labels, `--misses` the lines it got wrong, `--ordinary [detector]` findings in ordinary text,
// `--evasions` what is still found in disguise (`--all`: of generated lines too), `--write` writes `docs/accuracy.md`.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { accuracyPage, classTable, evasionTable, labelTable, ordinaryTable } from './page.ts'
import { measure, type Accuracy, type Miss } from './measure.ts'
import { measureOrdinary, type Ordinary } from './ordinary.ts'
import { openScanner, ROOT } from './scanner.ts'
import { measureEvasions } from './evasions.ts'
import { readLabels, readLines } from './corpora.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    label: { type: 'string', multiple: true, default: [] },
    class: { type: 'string' },
    misses: { type: 'boolean', default: false },
    ordinary: { type: 'boolean', default: false },
    evasions: { type: 'boolean', default: false },
    all: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})

async function show(): Promise<void> {
  const isAll = values.label.length === 0
  const lines = readLines().filter(({ trials }) => isAll || trials.some(({ label }) => values.label.includes(label)))
  const accuracy = await measure(scanner, lines)
  const shown = Object.keys(accuracy.labels).filter((label) => isWanted(accuracy, label))
  const misses = accuracy.misses.filter(({ label }) => shown.includes(label))
  console.log(values.misses ? misses.map(missText).join('\n') : labelTable(accuracy, shown))
  if (isAll) console.log(`\n${classTable(accuracy)}`)
}

function isWanted({ labels }: Accuracy, label: string): boolean {
  return values.label.length > 0 ? values.label.includes(label) : values.class === undefined || labels[label]!.class === values.class
}

function missText({ label, expect, span, text, source, findings }: Miss): string {
  const what = expect ? `missed ${span ? JSON.stringify(text.slice(...span)) : 'it'} in` : 'wrong in'
  const others = findings.map(({ detector, start, end }) => `${detector} ${start}-${end}`)
  return `${label}  ${what}  ${JSON.stringify(text)}  [${others.join(', ')}]  ${source}`
}

/** Generated lines are as many and as alike as their templates; the literal ones say enough, unless `--all` is given. */
function evade(missed?: (name: string, label: string, text: string) => void): ReturnType<typeof measureEvasions> {
  const lines = readLines().filter(({ trials }) => values.all || trials.some(({ origin }) => origin === 'literal'))
  return measureEvasions(scanner, { labels: readLabels() }, lines, missed)
}

async function showEvasions(): Promise<void> {
  const missed = (name: string, label: string, text: string): void => console.log(`${name}  ${label}  ${JSON.stringify(text)}`)
  const evaded = await evade(values.misses ? missed : undefined)
  console.log(evasionTable(evaded))
}

function showOrdinary(ordinary: Ordinary, detector: string | undefined): void {
  console.log(ordinaryTable(ordinary))
  if (detector !== undefined)
    for (const { path, found, score } of ordinary.findings.get(detector) ?? [])
      console.log(`${path}  ${score.toFixed(2)}  ${JSON.stringify(found)}`)
}

const scanner = openScanner()
try {
  if (values.evasions) await showEvasions()
  else if (values.ordinary) showOrdinary(await measureOrdinary(scanner), positionals[0])
  else if (values.write)
    writeFileSync(join(ROOT, 'docs/accuracy.md'), accuracyPage(await measure(scanner), await measureOrdinary(scanner), await evade()))
  else await show()
} finally {
  await scanner.close()
}
