// Writes the pictures of the terminal in `docs/images/` from what the commands print. Run it with node; a test says when that is due.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { openPolicySet, widthOf, type PolicySet } from '../core/policy/toolbox.ts'
import { PLUGINS } from '../core/plugins.ts'
import { showCheck } from '../core/cli/policy-check.ts'
import { testPolicies } from '../core/cli/policy-test.ts'

const IMAGES = join(import.meta.dirname, '../docs/images')
const SCREEN = { colour: true, columns: 96 }

const SLIPS = `module acme.guard
import standard.detectors as std

policy acme.cards "Card numbers of paying customers stay inside" {
  severity hihg
  on       request
  when     prompt contains std.payment_crd
       and tenant.plan != "free"
  deny     "acme.card"
}
`

const GAPS = `module acme.guard
import standard.access
import standard.detectors as std

policy acme.cards "Card numbers stay inside" {
  severity high
  on       target
  when     prompt contains std.payment_card
       and target.zone != "internal"
  deny     "acme.card"
}
policy acme.contacts "Addresses of EU and UK tenants become labels" {
  on       request
  when     prompt contains std.email
       and (tenant.region == "eu" or tenant.region == "uk")
  unless   user.roles has "support"
  redact   std.email in prompt
}
policy acme.long "Long prompts are labelled" {
  on       request
  when     request.tokens > 8k
  label    "long"
}

test "a card to an outside provider is stopped" {
  given   target.zone = "us"
  message user "pay with 4111 1111 1111 1111 please"
  expect  deny "acme.card"
}
test "a card to our own is not" {
  given   target.zone = "internal"
  message user "pay with 4111 1111 1111 1111 please"
  expect  allow
}
test "an order number is none" {
  given   target.zone = "us"
  message user "order 4111 1111 1111 1112"
  expect  allow
}
test "an address in Europe" {
  given   tenant.region = "eu"
  message user "write to jo@example.com"
  expect  text "write to [EMAIL]"
}
`

/** File names with what stands in them. */
export async function screenshots(): Promise<ReadonlyMap<string, string>> {
  const check = withPolicy(SLIPS, (set) => Promise.resolve(showCheck(set, SCREEN)))
  const coverage = withPolicy(GAPS, async (set) => (await testPolicies(set, { coverage: true, screen: SCREEN })).text)
  return new Map([
    ['policy-check.svg', toSvg('sallyport policy check acme.policy', await check)],
    ['policy-test-coverage.svg', toSvg('sallyport policy test --coverage acme.policy', await coverage)],
  ])
}

/** What is printed about a file `acme.policy` in the working directory. */
async function withPolicy(text: string, print: (set: PolicySet) => Promise<string>): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-screenshot-'))
  try {
    writeFileSync(join(folder, 'acme.policy'), text)
    const printed = await print(openPolicySet([join(folder, 'acme.policy')], PLUGINS))
    // Outside of the working directory a file goes by its whole path.
    return printed.replaceAll(`${folder}/`, '')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

// ── from the codes of a terminal to a picture ────────────────────────────────────────────────────────────────────────

const COLUMN = 8.4
const LINE = 19
const MARGIN = 16

/** Colours of GitHub's dark theme, by SGR code. */
const COLOURS: { readonly [code: string]: string } = { '31': '#ff7b72', '32': '#7ee787', '33': '#f2cc60', '34': '#79c0ff', '36': '#76e3ea' }

interface Run {
  readonly text: string
  readonly codes: readonly string[]
}

/** An SVG picture of a command and what it printed; every run of text stands in its column, whatever the font. */
export function toSvg(command: string, printed: string): string {
  const lines = [`\u001B[2m$\u001B[0m \u001B[1m${command}\u001B[0m`, ...printed.split('\n')].map(runsOf)
  const widths = lines.map((line) => line.reduce((sum, { text }) => sum + widthOf(text), 0))
  const width = Math.ceil(Math.max(...widths) * COLUMN + 2 * MARGIN)
  const height = lines.length * LINE + 2 * MARGIN
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escape(command)}</title>`,
    `<rect width="${width}" height="${height}" rx="8" fill="#0d1117"/>`,
    '<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14" fill="#e6edf3">',
    ...lines.flatMap((line, row) => textOf(line, MARGIN + (row + 0.75) * LINE)),
    '</g>',
    '</svg>',
    '',
  ].join('\n')
}

/** Splits a line at the codes that change how it looks (SGR); each here sets all anew. */
function runsOf(line: string): readonly Run[] {
  let codes: readonly string[] = []
  return line.split(/(\u001B\[[\d;]*m)/).flatMap((piece) => {
    if (!piece.startsWith('\u001B[')) return piece === '' ? [] : [{ text: piece, codes }]
    codes = piece
      .slice(2, -1)
      .split(';')
      .filter((code) => code !== '0' && code !== '')
    return []
  })
}

function textOf(line: readonly Run[], y: number): readonly string[] {
  let column = 0
  const spans = line.map(({ text, codes }) => {
    const indent = text.length - text.trimStart().length
    const x = (MARGIN + (column + indent) * COLUMN).toFixed(1)
    column += widthOf(text)
    const length = (widthOf(text.trim()) * COLUMN).toFixed(1)
    return text.trim() === ''
      ? ''
      : `<tspan x="${x}" textLength="${length}"${styleOf(codes)}>${escape(text.trim()).replaceAll(' ', '\u00a0')}</tspan>`
  })
  const shown = spans.join('')
  return shown === '' ? [] : [`<text y="${y.toFixed(1)}">${shown}</text>`]
}

function styleOf(codes: readonly string[]): string {
  const colour = codes.map((code) => COLOURS[code]).find((one) => one !== undefined)
  return [
    colour === undefined ? '' : ` fill="${colour}"`,
    codes.includes('1') ? ' font-weight="bold"' : '',
    codes.includes('2') ? ' fill-opacity="0.6"' : '',
  ].join('')
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

if (import.meta.main) {
  mkdirSync(IMAGES, { recursive: true })
  for (const [name, svg] of await screenshots()) writeFileSync(join(IMAGES, name), svg)
}
