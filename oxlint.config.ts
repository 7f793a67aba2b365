// The walls of the house (`docs/decisions/0007-libraries.md`): which room may import which, and which outside libraries it may use.
// Bans are written out from what is on disk and in package.json, so a new room or library is walled off until it gets its place here.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'oxlint'

interface Room {
  /** Rooms of `core/` that it may import. */
  readonly rooms: readonly string[]
  readonly libraries: readonly string[]
}

const FLOOR = ['model', 'errors']
const LEAVES = ['config', 'telemetry', 'plugin', ...FLOOR]
const WALK = ['policy', 'upstream', 'detect', 'wire', 'record', 'state', ...LEAVES]

const ROOMS: { readonly [room: string]: Room } = {
  model: { rooms: [], libraries: [] },
  errors: { rooms: ['model'], libraries: [] },
  plugin: { rooms: FLOOR, libraries: ['ajv', 'express'] },
  config: { rooms: FLOOR, libraries: ['ajv', 'yaml'] },
  telemetry: { rooms: FLOOR, libraries: ['pino', 'prom-client'] },
  detect: { rooms: LEAVES, libraries: ['piscina', 're2js'] },
  wire: { rooms: LEAVES, libraries: [] },
  record: { rooms: LEAVES, libraries: [] },
  state: { rooms: LEAVES, libraries: ['lmdb', 'ioredis'] },
  upstream: { rooms: LEAVES, libraries: ['undici', 'http-proxy-3'] },
  policy: { rooms: ['detect', ...LEAVES], libraries: [] },
  pipeline: { rooms: WALK, libraries: [] },
  recorder: { rooms: ['record', ...LEAVES], libraries: ['@clickhouse/client', 'chdb'] },
  server: { rooms: ['pipeline', ...WALK], libraries: ['express'] },
  cli: { rooms: ['server', 'pipeline', 'recorder', ...WALK], libraries: ['commander', 'yaml'] },
}

/** Rooms that may open the door to the language. */
const READS_DSL = ['policy']
const LANGUAGE = ['chevrotain', '@chevrotain/regexp-to-ast', 'json-logic-js', 're2js', 'recheck']
/** Each for one plugin, by its folder. */
const PLUGIN_LIBRARIES: { readonly [plugin: string]: readonly string[] } = { auth: ['ipaddr.js'], 'auth.jwt': ['jose'] }

const root = import.meta.dirname
const folders = (path: string): string[] =>
  readdirSync(join(root, path), { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, Record<string, string>>
const everyLibrary = Object.keys({ ...manifest['dependencies'], ...manifest['devDependencies'] })
const everyRoom = folders('core')

interface Ban {
  readonly regex: string
  readonly message: string
}

const anyOf = (words: readonly string[]): string => `(?:${words.map((word) => word.replaceAll(/[.\-/]/g, String.raw`\$&`)).join('|')})`
const but = (all: readonly string[], allowed: readonly string[]): string[] => all.filter((word) => !allowed.includes(word))

const librariesBut = (allowed: readonly string[], who: string): Ban => ({
  regex: `^${anyOf(but(everyLibrary, allowed))}(?:/|$)`,
  message: `${who} may use ${allowed.join(', ') || 'no outside library'}; other libraries have rooms of their own.`,
})

const wall = (files: string, bans: readonly Ban[]) => ({
  files: [files],
  rules: { 'no-restricted-imports': ['error', { patterns: bans }] as ['error', object] },
})

function roomWall(name: string) {
  const room = ROOMS[name] ?? { rooms: [], libraries: [] }
  const floors = READS_DSL.includes(name) ? ['plugins', 'test', 'bench'] : ['dsl', 'plugins', 'test', 'bench']
  return wall(`core/${name}/**/*.ts`, [
    librariesBut(room.libraries, `core/${name}`),
    {
      regex: `^(?:\\.\\./)+${anyOf(but(everyRoom, [...room.rooms, name]))}/`,
      message: `core/${name} may import ${room.rooms.join(', ') || 'no other room'}.`,
    },
    { regex: `^(?:\\.\\./)+${anyOf(floors)}/`, message: `core/${name} may not import ${floors.join(', ')}.` },
    {
      regex: '^(?:\\.\\./)+(?:main|plugins)\\.ts$',
      message: 'Only core/main.ts, and core/cli for the list of plugins, stand above the rooms.',
    },
  ])
}

/** `core/cli` assembles the house, so it alone may take the list of plugins. */
function cliWall() {
  const { files, rules } = roomWall('cli')
  const [severity, options] = rules['no-restricted-imports'] as ['error', { patterns: readonly Ban[] }]
  return { files, rules: { 'no-restricted-imports': [severity, { patterns: options.patterns.slice(0, 3) }] as ['error', object] } }
}

function pluginWall(name: string) {
  const others = but(folders('plugins'), [name])
  const behindTheDoor = but(readdirSync(join(root, 'core/plugin')), ['index.ts'])
  const message = 'A plugin imports core/plugin/index.ts and its own files.'
  return wall(`plugins/${name}/**/*.ts`, [
    librariesBut(PLUGIN_LIBRARIES[name] ?? [], `plugins/${name}`),
    { regex: `^(?:\\.\\./)+core/(?:[^/]+\\.ts$|${anyOf(but(everyRoom, ['plugin']))}/|plugin/${anyOf(behindTheDoor)}$)`, message },
    { regex: `^(?:\\.\\./)+${anyOf(['dsl', 'test', 'bench', ...others])}/`, message },
  ])
}

export default defineConfig({
  plugins: ['typescript', 'unicorn', 'oxc', 'import', 'node'],
  categories: { correctness: 'error' },
  options: { typeAware: true },
  ignorePatterns: ['dist', 'data', 'coverage', 'node_modules'],
  rules: {
    'import/no-cycle': 'error',
    'import/no-self-import': 'error',
    'typescript/no-explicit-any': 'error',
    'typescript/consistent-type-imports': 'error',
    'typescript/no-floating-promises': 'error',
    'no-var': 'error',
    'prefer-const': 'error',
    eqeqeq: ['error', 'always'],
    'no-console': 'error',
    'no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    // Guards match control characters on purpose; values that are there at once are awaited together with promises;
    // hooks and drivers are objects of closures, without `this`; `then` is a word of ours (`core/model/maybe-promise.ts`).
    'no-control-regex': 'off',
    'typescript/await-thenable': 'off',
    'typescript/unbound-method': 'off',
    'unicorn/no-thenable': 'off',
    // JSON values and texts by code point are meant where `String` and `...` meet them.
    'typescript/no-base-to-string': 'off',
    'typescript/no-misused-spread': 'off',
    'unicorn/no-new-array': 'off',
  },
  overrides: [
    wall('dsl/**/*.ts', [
      librariesBut(LANGUAGE, 'dsl'),
      { regex: '^(?:\\.\\./)+(?:core|plugins|test|bench)/', message: 'dsl/ imports nothing of ours outside dsl/.' },
    ]),
    ...everyRoom.map((name) => (name === 'cli' ? cliWall() : roomWall(name))),
    ...folders('plugins').map(pluginWall),
    wall('core/*.ts', [{ regex: '/(?:dsl|test|bench)/', message: 'dsl/ is imported from core/policy/ alone.' }]),
    { files: ['core/cli/**', 'core/main.ts', 'test/**', 'bench/**', 'scripts/**'], rules: { 'no-console': 'off' } },
    // The launcher must be readable by any Node.
    { files: ['**/*.cjs'], rules: { 'no-var': 'off', 'no-console': 'off' } },
  ],
})
