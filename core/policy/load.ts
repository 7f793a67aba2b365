// From policy files on disk to a bundle: reads the standard policies and the operator's paths, compiles them against the plugins' words.
import { isUtf8 } from 'node:buffer'
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { compile, renderDiagnostics, type Bundle, type Diagnostic, type SourceFile } from '../../dsl/index.ts'
import type { Words } from './words.ts'

/** Folder of the policies that come with the gateway. */
export const STANDARD_POLICIES = resolve(import.meta.dirname, '../../policies/standard')

/** Far more than a person reads. */
const MAX_FILE_BYTES = 4 * 1024 * 1024

/** Thrown when policies cannot be used; the message holds every diagnostic as a person reads it. */
export class PolicyError extends Error {
  readonly diagnostics: readonly Diagnostic[]
  constructor(message: string, diagnostics: readonly Diagnostic[] = []) {
    super(message)
    this.name = 'PolicyError'
    this.diagnostics = diagnostics
  }
}

/** All `*.policy` files below the paths (files or folders), each once, in a stable order. Throws PolicyError on an unreadable path. */
export function readPolicyFiles(paths: readonly string[], baseDir = process.cwd()): readonly SourceFile[] {
  const found = new Map<string, string>()
  for (const path of paths) {
    for (const file of listFiles(resolve(baseDir, path), path)) {
      const real = realOf(file)
      if (!found.has(real)) found.set(real, file)
    }
  }
  return [...found.values()].sort().map((file) => ({ path: shortName(file, baseDir), text: read(file) }))
}

function listFiles(absolute: string, asWritten: string): readonly string[] {
  try {
    return statSync(absolute).isDirectory() ? walk(absolute, new Set()) : [absolute]
  } catch (error) {
    throw new PolicyError(
      `the policies in ${asWritten} cannot be read: ${(error as Error).message}. Check policies.paths and the permissions.`,
    )
  }
}

/**
 * Links are followed, and a broken one is found out when it is read: Kubernetes mounts every file of a ConfigMap as a link, and a policy
 * that is left out in silence protects nobody. What such mounts keep behind names with a dot comes last, so that a file goes by its plain name.
 */
function walk(folder: string, seen: Set<string>): readonly string[] {
  const real = realpathSync(folder)
  if (seen.has(real)) return []
  seen.add(real)
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => rankOf(a.name) - rankOf(b.name))
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name)
    const isFolder = entry.isSymbolicLink() ? statSync(path, { throwIfNoEntry: false })?.isDirectory() : entry.isDirectory()
    if (isFolder) return walk(path, seen)
    return entry.name.endsWith('.policy') ? [path] : []
  })
}

const rankOf = (name: string): number => (name.startsWith('.') ? 1 : 0)

/** Where a file lies behind links; of one that is not there, its name. */
function realOf(file: string): string {
  try {
    return realpathSync(file)
  } catch {
    return file
  }
}

function read(file: string): string {
  const fault = (why: string, help: string): PolicyError => new PolicyError(`the policy file ${file} cannot be read: ${why}. ${help}`)
  let bytes: Buffer
  try {
    const { size, isFile } = sizeOf(file)
    if (!isFile) throw fault('it is no ordinary file', 'Take it out of policies.paths.')
    if (size > MAX_FILE_BYTES) throw fault(`it is larger than ${MAX_FILE_BYTES} bytes`, 'Split it into several files.')
    bytes = readFileSync(file)
  } catch (error) {
    throw error instanceof PolicyError ? error : fault((error as Error).message, 'Check its permissions.')
  }
  if (!isUtf8(bytes) || bytes.includes(0)) throw fault('it holds bytes that are no UTF-8 text', 'Save it as UTF-8.')
  return bytes.toString()
}

function sizeOf(file: string): { readonly size: number; readonly isFile: boolean } {
  const status = statSync(file)
  return { size: status.size, isFile: status.isFile() }
}

function shortName(file: string, baseDir: string): string {
  const short = relative(baseDir, file)
  return short.startsWith('..') ? file : short
}

/** Compiles files to a bundle. Throws PolicyError when there is an error; warnings come back. */
export function compilePolicies(
  files: readonly SourceFile[],
  words: Words,
): { readonly bundle: Bundle; readonly warnings: readonly Diagnostic[] } {
  const { bundle, diagnostics } = compile(files, words.vocabulary)
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  if (!bundle || errors.length > 0) throw new PolicyError(renderDiagnostics(errors, files, { colour: false }), errors)
  return { bundle, warnings: diagnostics.filter(({ severity }) => severity !== 'error') }
}
