// The folder of a plugin from outside: which file is its entry, which version of the contract it was written for, and the hash of what it holds.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import type { Json, JsonObject } from '../model/value.ts'

/** A plugin is a few files; a folder with more was named by mistake, and would be read at each reload. */
const MAX_FILES = 1000
const MAX_BYTES = 16 * 1024 * 1024
const ENTRIES = ['index.ts', 'index.js', 'index.mts', 'index.mjs'] as const

export interface PluginFolder {
  /** Absolute, links resolved. */
  readonly path: string
  /** Absolute path of the file whose default export is the plugin. */
  readonly entry: string
  /** SHA-256 (hex) over names and bytes of all files, without `node_modules` and what begins with a dot. */
  readonly hash: string
}

/** Reads the folder; throws an Error that says what is missing. None of its code runs. */
export function readPluginFolder(absolute: string): PluginFolder {
  if (!statSync(absolute, { throwIfNoEntry: false })?.isDirectory()) {
    throw new Error(existsSync(absolute) ? 'is a file; name the folder of the plugin' : 'there is no such folder')
  }
  const path = realpathSync(absolute)
  const entry = entryOf(path)
  return { path, entry, hash: hashFolder(path) }
}

/** `exports` or `main` of the package, else `index.ts` or `index.js`. */
function entryOf(folder: string): string {
  const manifest = readManifest(join(folder, 'package.json'))
  const named = manifest === null ? null : (exportOf(manifest['exports'] ?? null) ?? textOf(manifest['main'] ?? null))
  if (manifest !== null) requireVersion(manifest, named)
  const entry = named === null ? ENTRIES.map((name) => join(folder, name)).find((file) => existsSync(file)) : join(folder, named)
  if (entry === undefined)
    throw new Error(`holds neither a package.json with \`exports\` or \`main\`, nor ${ENTRIES.slice(0, 2).join(' or ')}`)
  if (relative(folder, entry).startsWith('..')) throw new Error(`package.json: the entry ${named} lies outside the folder`)
  if (!statSync(entry, { throwIfNoEntry: false })?.isFile()) throw new Error(`package.json names ${named}, and there is no such file`)
  return realpathSync(entry)
}

function readManifest(path: string): JsonObject | null {
  if (!existsSync(path)) return null
  try {
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as Json
    if (typeof manifest === 'object' && manifest !== null && !Array.isArray(manifest)) return manifest as JsonObject
  } catch (error) {
    throw new Error(`package.json is no JSON: ${(error as Error).message}`, { cause: error })
  }
  throw new Error('package.json must hold an object')
}

/** A package that names an entry may be anything: only one that says it is a plugin is run. */
function requireVersion(manifest: JsonObject, entry: string | null): void {
  const { sallyport = null } = manifest
  const version = typeof sallyport === 'object' && sallyport !== null && 'apiVersion' in sallyport ? sallyport['apiVersion'] : undefined
  if (version === 1 || (version === undefined && entry === null)) return
  if (version === undefined) throw new Error('package.json does not say that this is a plugin; add "sallyport": { "apiVersion": 1 }')
  throw new Error(`package.json: sallyport.apiVersion is ${JSON.stringify(version)}; this gateway speaks version 1`)
}

/** The entry for `import`, as Node finds it: a path, or conditions under `"."`. */
function exportOf(exports: Json): string | null {
  if (typeof exports === 'string') return exports
  if (typeof exports !== 'object' || exports === null || Array.isArray(exports)) return null
  const conditions = exports as JsonObject
  const next = conditions['.'] ?? conditions['import'] ?? conditions['node'] ?? conditions['default'] ?? null
  return exportOf(next)
}

const textOf = (value: Json): string | null => (typeof value === 'string' && value !== '' ? value : null)

function hashFolder(folder: string): string {
  const hash = createHash('sha256')
  let bytes = 0
  for (const file of listFiles(folder)) {
    const content = readFileSync(join(folder, file))
    bytes += content.length
    if (bytes > MAX_BYTES) throw new Error(`holds more than ${MAX_BYTES} bytes beside node_modules; name the folder of the plugin alone`)
    hash.update(`${file}\0${content.length}\0`).update(content)
  }
  return hash.digest('hex')
}

function listFiles(folder: string): readonly string[] {
  const files: string[] = []
  const walk = (below: string): void => {
    for (const entry of readdirSync(join(folder, below), { withFileTypes: true })) {
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue
      const path = join(below, entry.name)
      if (entry.isDirectory()) walk(path)
      else if (statSync(join(folder, path), { throwIfNoEntry: false })?.isFile()) files.push(path.split(sep).join('/'))
      if (files.length > MAX_FILES)
        throw new Error(`holds more than ${MAX_FILES} files beside node_modules; name the folder of the plugin alone`)
    }
  }
  walk('')
  return files.sort()
}
