// Every block of the guide to the policy language is executed, in its order and in one folder. The rules, and there are no others:
//   policy [NAME.policy] [CODE…]   raises exactly these diagnostics (`P190*8`: eight; T001: a failing test), and its tests pass
//   policy conditions              the same, each line a condition
//   sh [exits N]                   prints exactly the `text` block behind it, and nothing where there is none
//   text                           belongs to the block before it; behind `policy` it is what `policy check` prints
//   text NAME.txt                  is a file that a list comes from
//   json NAME.json, yaml NAME.yaml is a file for the commands
// The packs lie in `policies/` of that folder, as in a clone.
import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { once } from 'node:events'
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { tmpdir } from 'node:os'
import { attributesTable, effectPhrases, effectsTable, factsTable } from '../support/docs-words.ts'
import { blocksOf, type Block } from '../support/docs.ts'
import { openPolicySet, runPolicyTests, type PolicySet } from '../../core/policy/toolbox.ts'
import { PLUGINS } from '../../core/plugins.ts'
import { placeWarmCommand } from '../support/warm.ts'
import { ROOT } from '../support/copy.ts'

const PAGE = join(ROOT, 'docs/policy-language.md')
const page = readFileSync(PAGE, 'utf8')
const blocks = blocksOf(PAGE)
const CODE = /^[PT]\d{3}(\*\d+)?$/

/** What may stand behind the language of a block. */
const INFO: { readonly [language: string]: RegExp } = {
  policy: /^(conditions|[a-z]+\.policy)?( ?[PT]\d{3}(\*\d+)?)*$/,
  sh: /^(exits \d)?$/,
  json: /^[a-z]+\.json$/,
  yaml: /^[a-z]+\.yaml$/,
  text: /^([a-z]+\.txt)?$/,
}

describe('docs/policy-language.md', function () {
  this.timeout(120_000)
  let folder: string
  const phrases = new Set<string>()

  let command: Awaited<ReturnType<typeof placeWarmCommand>>

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-guide-'))
    // The command that readers have on their path.
    command = await placeWarmCommand(folder)
    for (const pack of ['personal', 'secrets']) cpSync(join(ROOT, 'policies', pack), join(folder, 'policies', pack), { recursive: true })
  })
  after(() => {
    command.server.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const shell = async (typed: string): Promise<{ status: number | null; output: string }> => {
    const path = [folder, process.env['PATH']].join(delimiter)
    const env = { ...process.env, ...command.env, PATH: path, NO_COLOR: '1', XDG_CACHE_HOME: join(folder, 'cache') }
    const child = spawn('sh', ['-c', `exec 2>&1\n${typed}`], { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] })
    const [output, [status]] = await Promise.all([text(child.stdout), once(child, 'close') as Promise<[number | null]>])
    return { status, output }
  }

  /** The file that the block is, for the commands behind it. */
  const fileOf = ({ info, line, language, text }: Block): string => {
    const name = info.find((word) => word.includes('.')) ?? `line-${line}.${language}`
    writeFileSync(join(folder, name), info.includes('conditions') ? policiesOf(text) : text)
    return name
  }

  const runs: { readonly [language: string]: (block: Block, output: string | null) => Promise<void> | void } = {
    async policy(block, output) {
      const name = fileOf(block)
      const set = openPolicySet([join(folder, name)], PLUGINS)
      const raised = [...set.diagnostics.map(({ code }) => code), ...(await failuresOf(set))]
      assert.deepEqual(counted(raised), block.info.filter((word) => CODE.test(word)).sort(), set.diagnostics.map(toLine).join('\n'))
      for (const { effects } of set.bundle?.policies ?? []) for (const { phrase } of effects) phrases.add(phrase)
      if (output !== null) assert.equal((await shell(`sallyport policy check ${name}`)).output, output)
    },
    async sh({ text: typed, info }, output) {
      const result = await shell(typed)
      assert.equal(result.output, output ?? '')
      assert.equal(result.status, info[0] === 'exits' ? Number(info[1]) : 0)
    },
    json(block) {
      JSON.parse(block.text)
      fileOf(block)
    },
    yaml: (block) => void fileOf(block),
    text: (block) => void fileOf(block),
  }

  for (const [i, block] of blocks.entries()) {
    if (isOutput(block)) continue
    const next = blocks[i + 1]
    const output = next && isOutput(next) && next.follows ? next.text : null
    it(`line ${block.line}: ${block.language} ${block.text.slice(0, block.text.indexOf('\n'))}`, async () => {
      assert.ok(Object.hasOwn(runs, block.language), `no rule says how to execute \`${block.language}\``)
      await runs[block.language]!(block, output)
    })
  }

  it('has no block that no rule covers, and no output without the block that prints it', () => {
    assert.ok(blocks.length > 20)
    for (const [i, { language, info, follows, line }] of blocks.entries()) {
      assert.match(info.join(' '), INFO[language] ?? /(?!)/, `line ${line}: ${language}`)
      if (isOutput(blocks[i]!)) assert.ok(follows && ['policy', 'sh'].includes(blocks[i - 1]!.language), `line ${line}`)
    }
  })

  it('shows each effect that the loaded plugins bring in an example', () => {
    assert.deepEqual(
      effectPhrases.filter((phrase) => !phrases.has(phrase)),
      [],
    )
  })

  it('lists the effects, facts and attributes that the loaded plugins declare, and no others', () => {
    for (const table of [effectsTable(), factsTable(), attributesTable()]) {
      const head = table.slice(0, table.indexOf('\n'))
      const from = page.indexOf(head)
      assert.equal(page.slice(from, page.indexOf('\n\n', from)), table)
    }
  })

  it('names files and sections that exist', () => {
    for (const [, link] of page.matchAll(/\]\(((?!https?:)[^)]+)\)/g)) {
      const [file, section] = link!.split('#')
      const path = file === '' ? PAGE : join(ROOT, 'docs', file!)
      assert.ok(existsSync(path), link)
      if (section !== undefined) assert.ok(anchorsOf(path).includes(section), link)
    }
  })
})

/** Text without a name is what a command prints. */
function isOutput({ language, info }: Block): boolean {
  return language === 'text' && info.length === 0
}

/** Conditions, one per line, each in a policy of its own. */
function policiesOf(conditions: string): string {
  const lines = conditions.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'))
  const policies = lines.map((line, i) => `policy guide.c${i} "condition ${i}" {\n  on   target\n  when ${line}\n  warn "guide.c${i}"\n}\n`)
  return `module guide\nimport standard.detectors as std\n${policies.join('')}`
}

async function failuresOf({ bundle, tests, words, isOwn }: PolicySet): Promise<readonly 'T001'[]> {
  if (!bundle) return []
  const own = tests.filter(({ span }) => isOwn(span.file))
  return (await runPolicyTests(bundle, own, words)).flatMap(({ failures }) => failures.map(() => 'T001' as const))
}

const toLine = ({ code, message }: PolicySet['diagnostics'][number]): string => `${code}: ${message}`

/** `P105`, `P190*8`, sorted. */
function counted(codes: readonly string[]): readonly string[] {
  return [...Map.groupBy(codes, (code) => code)].map(([code, all]) => (all.length === 1 ? code : `${code}*${all.length}`)).sort()
}

/** As GitHub makes them. */
const anchorsOf = (path: string): readonly string[] =>
  [...readFileSync(path, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, title]) => anchorOf(title!))

const anchorOf = (title: string): string =>
  title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
