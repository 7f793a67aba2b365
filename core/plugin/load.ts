// Plugins from folders outside the repository, as `pluginPaths` names them, behind those that come with the gateway.
// Nothing is kept between reloads but what Node keeps: an unchanged folder is the same module, a changed one is a new one.
import { basename, resolve } from 'node:path'
import { importVersioned } from './module-hooks.ts'
import { PluginConfigError } from './registry.ts'
import { pluginOf } from './shape.ts'
import { readPluginFolder } from './folder.ts'
import type { Plugin } from './contract.ts'

const PATIENCE_MS = 10_000

/** A failed import stays failed under its address: the next try needs another one. */
let failures = 0

interface Placed {
  /** As the configuration writes it; null for those that come with the gateway. */
  readonly path: string | null
  readonly plugin: Plugin
}

/** The plugins that come with the gateway and those of the folders, in this order. Throws PluginConfigError with every finding. */
export async function loadPlugins(builtIn: readonly Plugin[], paths: readonly string[], baseDir: string): Promise<readonly Plugin[]> {
  const findings: string[] = []
  const placed: Placed[] = builtIn.map((plugin) => ({ path: null, plugin }))
  for (const [i, path] of paths.entries()) {
    try {
      const plugin = await loadPlugin(resolve(baseDir, path))
      requireNewName(placed, path, plugin)
      placed.push({ path, plugin })
    } catch (error) {
      findings.push(`pluginPaths[${i}]: ${path}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  if (findings.length > 0) throw new PluginConfigError(findings)
  return placed.map(({ plugin }) => plugin)
}

/** The plugin of one folder. Throws an Error that says what is wrong with the folder or its code. */
export async function loadPlugin(folder: string): Promise<Plugin> {
  const { path, entry, hash } = readPluginFolder(folder)
  const version = `${hash.slice(0, 16)}.${failures}`
  try {
    const plugin = pluginOf(
      await inTime(importVersioned(entry, path, `${version}.${folderId(path)}`).catch((error) => explain(error, entry))),
    )
    if (readPluginFolder(folder).hash !== hash) throw new Error('changed while it was loaded; reload once more')
    return plugin
  } catch (error) {
    failures++
    throw error
  }
}

/** Two folders with the same content are two plugins. */
const folderId = (path: string): string => Buffer.from(path).toString('base64url')

function explain(error: unknown, entry: string): never {
  const { message, code } = error instanceof Error ? (error as NodeJS.ErrnoException) : { message: String(error), code: undefined }
  const help =
    code === 'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING'
      ? '. Node reads no TypeScript below node_modules: publish the plugin as JavaScript'
      : placeOf(error, entry)
  throw new Error(`cannot be imported: ${message}${help}`, { cause: error })
}

/** Node says where code does not parse: for TypeScript ahead of the stack, for JavaScript only to those who ask it. */
function placeOf(error: unknown, entry: string): string {
  if (!(error instanceof SyntaxError)) return ''
  const place = /^(?:file:\/\/)?(\/[^?\n]*?)(?:\?[^:\n]*)?:(\d+)\n/.exec(error.stack ?? '')
  return place ? ` (${basename(place[1]!)}:${place[2]})` : `; \`node --check ${basename(entry)}\` may show where`
}

async function inTime<T>(pending: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`its import did not end within ${PATIENCE_MS / 1000} s`)), PATIENCE_MS)
  })
  try {
    return await Promise.race([pending, late])
  } finally {
    clearTimeout(timer)
  }
}

function requireNewName(placed: readonly Placed[], path: string, { name }: Plugin): void {
  const other = placed.find(({ plugin }) => plugin.name === name)
  if (!other) return
  const where = other.path === null ? 'one that comes with the gateway' : `the one in ${other.path}`
  throw new Error(`the plugin is named "${name}", and so is ${where}; names are given once`)
}
