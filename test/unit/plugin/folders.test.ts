// Plugins from folders: what may be written there, what each mistake is told, and that a changed folder is loaded anew.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gatherWords } from '../../../core/policy/words.ts'
import { GatewayError } from '../../../core/errors/gateway-error.ts'
import { loadPlugin, loadPlugins } from '../../../core/plugin/load.ts'
import { openPolicySet } from '../../../core/policy/toolbox.ts'
import { PLUGINS } from '../../../core/plugins.ts'
import { readVocabularies } from '../../../core/plugin/registry.ts'

const PLUGIN = `export default {
  name: 'weather', apiVersion: 1, summary: 'Weather.', config: { type: 'object', properties: {} },
  setup: () => ({}), onFailure: {}, budgetMs: {},
}
`
const PACKAGE = { type: 'module', exports: './index.js', sallyport: { apiVersion: 1 } }

describe('plugins from folders', function () {
  this.timeout(120_000)
  let root: string
  let count = 0

  before(() => (root = mkdtempSync(join(tmpdir(), 'sallyport-plugins-'))))
  after(() => rmSync(root, { recursive: true, force: true }))

  const write = (folder: string, files: { readonly [name: string]: string | object }): void => {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))
    }
  }
  const folderOf = (files: { readonly [name: string]: string | object }): string => {
    const folder = join(root, `plugin-${count++}`)
    mkdirSync(folder)
    write(folder, files)
    return folder
  }
  const findings = (...paths: readonly string[]): Promise<string> =>
    loadPlugins(PLUGINS, paths, root).then(
      () => '',
      (error: Error) => error.message,
    )

  const forms: { readonly [form: string]: { readonly [name: string]: string | object } } = {
    'a package with exports': { 'package.json': PACKAGE, 'index.js': PLUGIN },
    'a package with conditions': {
      'package.json': { ...PACKAGE, exports: { '.': { types: './x.d.ts', import: './lib/a.js' } } },
      'lib/a.js': PLUGIN,
    },
    'a package with main': { 'package.json': { type: 'module', main: 'a.js', sallyport: { apiVersion: 1 } }, 'a.js': PLUGIN },
    'index.js alone': { 'index.js': PLUGIN },
    'index.ts alone, in TypeScript': {
      'index.ts': `import type { Plugin } from 'sallyport/plugin'\n${PLUGIN.replace('export default', 'const it: Plugin =')}export default it\n`,
    },
  }
  for (const [form, files] of Object.entries(forms)) {
    it(`loads ${form}, behind those that come with the gateway`, async () => {
      const all = await loadPlugins(PLUGINS, [folderOf(files)], root)
      assert.deepEqual(
        all.map(({ name }) => name),
        [...PLUGINS.map(({ name }) => name), 'weather'],
      )
    })
  }

  it('finds folders relative to the configuration', async () => {
    write(join(root, 'beside'), { 'index.js': PLUGIN })
    assert.equal((await loadPlugins([], ['./beside'], root))[0]!.name, 'weather')
  })

  it("hands out the gateway's own door, so that its errors are the gateway's", async () => {
    const plugin = await loadPlugin(
      folderOf({
        'index.js': `import { GatewayError } from 'sallyport/plugin'\n${PLUGIN.replace('() => ({})', "() => { throw new GatewayError('policy_denied', {}) }")}`,
      }),
    )
    assert.throws(() => plugin.setup({}, {} as never), GatewayError)
  })

  const mistakes: { readonly [title: string]: readonly [files: { readonly [name: string]: string | object }, says: RegExp] } = {
    'an empty folder': [{}, /neither a package\.json .* nor index\.ts or index\.js/],
    'no default export': [{ 'index.js': 'export const x = 1' }, /no default export; write `export default`/],
    'an export by name': [
      { 'index.js': PLUGIN.replace('export default', 'export const weather =') },
      /exports `weather` by name, write `export default weather`/,
    ],
    'something else as default': [{ 'index.js': 'export default 5' }, /default export is no plugin; it must be an object/],
    'members that break the contract, all at once': [
      { 'index.js': PLUGIN.replace("'weather'", "'We ather'").replace('setup: () => ({})', 'setup: 1') },
      /name must be a lower-case name.*; setup must be a function/,
    ],
    'a config that is no JSON Schema': [
      { 'index.js': PLUGIN.replace("type: 'object'", "type: 'objekt'") },
      /its config is no JSON Schema: config\/type must be/,
    ],
    'another version in the plugin': [{ 'index.js': PLUGIN.replace('apiVersion: 1', 'apiVersion: 2') }, /apiVersion must be 1/],
    'another version in the package, whose code does not run': [
      { 'package.json': { ...PACKAGE, sallyport: { apiVersion: 2 } }, 'index.js': 'throw new Error("it ran")' },
      /sallyport\.apiVersion is 2; this gateway speaks version 1$/,
    ],
    'a package that is no plugin, whose code does not run': [
      { 'package.json': { type: 'module', main: 'index.js' }, 'index.js': 'throw new Error("it ran")' },
      /does not say that this is a plugin; add "sallyport": \{ "apiVersion": 1 \}$/,
    ],
    'an entry that is not there': [{ 'package.json': PACKAGE }, /names \.\/index\.js, and there is no such file/],
    'an entry outside the folder': [{ 'package.json': { ...PACKAGE, exports: '../x.js' } }, /lies outside the folder/],
    'a package.json that is no JSON': [{ 'package.json': '{', 'index.js': PLUGIN }, /package\.json is no JSON/],
    'code that throws': [{ 'index.js': 'throw new Error("out of paint")\nexport {}' }, /cannot be imported: out of paint/],
    'code that does not parse': [{ 'index.js': 'export default {' }, /cannot be imported: .*; `node --check index\.js` may show where/],
    'TypeScript that does not parse': [{ 'index.ts': '// one\nexport const a = {{' }, /cannot be imported: .* \(index\.ts:2\)/],
    'an import that leads nowhere': [{ 'index.js': "import './gone.js'" }, /cannot be imported: .*gone\.js/],
    CommonJS: [{ 'index.js': 'module.exports = {}', 'package.json': { type: 'commonjs' } }, /is CommonJS; write ES modules/],
  }
  for (const [title, [files, says]] of Object.entries(mistakes)) {
    it(`tells ${title}`, async () => {
      const folder = folderOf(files)
      const message = await findings(folder)
      assert.match(message, says)
      assert.ok(message.startsWith(`pluginPaths[0]: ${folder}: `))
    })
  }

  it('tells a missing folder and a file in its place, all at once', async () => {
    write(root, { 'file.js': PLUGIN })
    assert.match(await findings('./nowhere', './file.js'), /^pluginPaths\[0\]: .*no such folder\npluginPaths\[1\]: .*is a file/)
  })

  it('names both when a name is given twice', async () => {
    const one = folderOf({ 'index.js': PLUGIN })
    const two = folderOf({ 'index.js': PLUGIN })
    assert.ok((await findings(one, two)).includes(`${two}: the plugin is named "weather", and so is the one in ${one}`))
    const quota = folderOf({ 'index.js': PLUGIN.replace('weather', 'quota') })
    assert.match(await findings(quota), /is named "quota", and so is one that comes with the gateway/)
  })

  it('loads a changed folder anew, helper files included, and an unchanged one not again', async () => {
    const folder = folderOf({
      'index.js': `import { says } from './says.js'\n${PLUGIN.replace("'Weather.'", 'says')}`,
      'says.js': "export const says = 'sun'",
    })
    const first = await loadPlugin(folder)
    assert.equal(await loadPlugin(folder), first)
    write(folder, { 'says.js': "export const says = 'rain'" })
    assert.deepEqual([first.summary, (await loadPlugin(folder)).summary], ['sun', 'rain'])
    write(folder, { 'says.js': "export const says = 'sun'" })
    assert.equal((await loadPlugin(folder)).summary, 'sun')
  })

  it('lets a plugin use libraries of its own, CommonJS among them', async () => {
    const folder = folderOf({
      'index.js': `import library from 'weather-words'\n${PLUGIN.replace("'Weather.'", 'library.says')}`,
      'node_modules/weather-words/package.json': { main: 'a.cjs' },
      'node_modules/weather-words/a.cjs': "module.exports = { says: 'hail' }",
    })
    assert.equal((await loadPlugin(folder)).summary, 'hail')
  })

  it('loads a plugin that was installed below node_modules, and says that TypeScript cannot be read there', async () => {
    const installed = (name: string): string => join('node_modules', 'plugins', name)
    write(join(root, installed('js')), { 'package.json': PACKAGE, 'index.js': PLUGIN })
    write(join(root, installed('ts')), { 'package.json': { ...PACKAGE, exports: './index.ts' }, 'index.ts': PLUGIN })
    assert.equal(await findings(installed('js')), '')
    assert.match(await findings(installed('ts')), /publish the plugin as JavaScript$/)
  })

  it('tries again what failed, though nothing in the folder has changed', async () => {
    const folder = folderOf({ 'index.js': `if (process.env.SALLYPORT_TEST_RAIN) throw new Error('rain')\n${PLUGIN}` })
    process.env['SALLYPORT_TEST_RAIN'] = '1'
    await assert.rejects(loadPlugin(folder), /rain/)
    delete process.env['SALLYPORT_TEST_RAIN']
    assert.equal((await loadPlugin(folder)).name, 'weather')
  })

  // ── words ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  const wordsOf = async (vocabulary: string): Promise<string> => {
    const folder = folderOf({ 'index.js': PLUGIN.replace('setup:', `vocabulary: () => (${vocabulary}), setup:`) })
    const plugins = await loadPlugins(PLUGINS, [folder], root)
    try {
      gatherWords(readVocabularies(plugins, {}))
      return ''
    } catch (error) {
      return (error as Error).message
    }
  }
  const ATTRIBUTE = `{ name: 'weather.wind', type: { kind: 'number' }, optional: true, phase: 'request', source: 'proved', lifetime: 'snapshot',
    cost: 'free', doc: 'Wind.', resolve: () => 3 }`

  it('takes words that nobody else brings', async () => {
    assert.equal(await wordsOf(`{ attributes: [${ATTRIBUTE}] }`), '')
  })

  it('names both plugins where an attribute or a check is declared twice', async () => {
    assert.match(
      await wordsOf(`{ attributes: [${ATTRIBUTE.replace('weather.wind', 'tenant.id')}] }`),
      /^plugins auth and weather both bring the attribute tenant\.id$/,
    )
    assert.match(
      await wordsOf(`{ attributes: [${ATTRIBUTE.replace('weather.wind', 'request.model')}] }`),
      /^plugins kernel and weather both bring the attribute request\.model$/,
    )
    assert.match(
      await wordsOf(`{ checks: [{ name: 'luhn', doc: 'Digits.', test: () => true }] }`),
      /^plugins pii and weather both bring the check luhn$/,
    )
  })

  it('tells declarations that break the contract, with the name of the plugin', async () => {
    const message = await wordsOf(
      `{ attributes: [{ ...${ATTRIBUTE}, optional: false, phase: 'later' }], verbs: [{ phrase: 'blow <text>' }], checks: [{ name: 'Wet' }] }`,
    )
    assert.match(message, /^plugin weather: attribute `weather\.wind`: phase must be request, target or response$/m)
    assert.match(message, /^plugin weather: attribute `weather\.wind`: needs an example/m)
    assert.match(message, /^plugin weather: verb `blow <text>`: use must be one of/m)
    assert.match(message, /^plugin weather: verb `blow <text>`: acts must be one of/m)
    assert.match(message, /^plugin weather: check `Wet`: its name/m)
    assert.match(await wordsOf('{ get verbs() { throw new Error("no wind") } }'), /^plugin weather: its vocabulary failed: no wind$/)
  })

  const VERB = `{ phrase: 'paint <colour:text> by <amount:number> [in <unit:tins|litres>]', use: 'effect', phases: ['request'], aliases: [],
    protects: false, doc: 'Paints.', acts: 'outgoing', join: { kind: 'union' }, change: () => ({}) }`
  const withRules = (rules: string): Promise<string> => wordsOf(`{ verbs: [{ ...${VERB}, operands: ${rules} }] }`)

  it('takes every rule about operands that the contract has', async () => {
    assert.equal(
      await withRules(
        `{ colour: { pattern: '[a-z]+', not: ['mud'] }, amount: { min: 0, whole: { operand: 'unit', is: ['tins'] }, like: 'colour', only: ['tenant.id'] } }`,
      ),
      '',
    )
    assert.equal(await withRules('{ amount: { whole: true } }'), '')
  })

  const badRules: { readonly [rules: string]: RegExp } = {
    '[]': /operands must map names of operands to rules$/,
    '{ amount: 5 }': /operands\.amount: must be an object$/,
    '{ amount: { max: 3, minimum: 1 } }':
      /operands\.amount: there is no rule max, minimum; rules are min, whole, pattern, not, only, like$/,
    "{ amount: { min: '0' } }": /operands\.amount: min must be a finite number$/,
    '{ amount: { min: NaN } }': /operands\.amount: min must be a finite number$/,
    '{ amount: { whole: false } }': /operands\.amount: whole must be true, or \{ operand, is: \[words\] \}$/,
    "{ amount: { whole: { operand: 'unit' } } }": /operands\.amount: whole must be true/,
    '{ colour: { pattern: /[a-z]+/ } }': /operands\.colour: pattern must be the source of a regular expression, as a text$/,
    "{ colour: { not: ['Mud'] } }": /operands\.colour: not must be a list of texts in lower case$/,
    "{ colour: { only: 'tenant.id' } }": /operands\.colour: only must be a list of names of attributes$/,
    '{ colour: { only: [] } }': /operands\.colour: only must be a list of names of attributes$/,
    '{ colour: { like: 3 } }': /operands\.colour: like must be the name of an operand$/,
  }
  for (const [rules, says] of Object.entries(badRules)) {
    it(`refuses operands: ${rules}`, async () => {
      const message = await withRules(rules)
      assert.match(message, says)
      assert.match(message, /^plugin weather: /m)
    })
  }

  const misfits: { readonly [rules: string]: RegExp } = {
    "{ color: { not: ['mud'] } }": /^plugin weather: `paint .*` has no operand `color`$/,
    "{ amount: { whole: { operand: 'units', is: ['tins'] } } }": /^plugin weather: `paint .*` has no operand `units`$/,
    "{ colour: { pattern: '[' } }": /^plugin weather: `\[` is no regular expression$/,
  }
  for (const [rules, message] of Object.entries(misfits)) {
    it(`reads no policy with operands: ${rules}`, async () => {
      const vocabulary = `{ verbs: [{ ...${VERB}, operands: ${rules} }] }`
      const folder = folderOf({ 'index.js': PLUGIN.replace('setup:', `vocabulary: () => (${vocabulary}), setup:`) })
      const plugins = await loadPlugins(PLUGINS, [folder], root)
      assert.throws(() => openPolicySet([], plugins), { message })
    })
  }
})
