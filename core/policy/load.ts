// From policy files on disk to a bundle: reads the standard policies and the operator's paths, compiles them against the plugins' words.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { compile, renderDiagnostics, type Bundle, type Diagnostic, type SourceFile } from '../../dsl/index.ts'
import type { Words } from './words.ts'

/** Folder of the policies that come with the gateway. */
export const STANDARD_POLICIES = resolve(import.meta.dirname, '../../policies/standard')

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
  const found = new Map<string, SourceFile>()
  for (const path of paths) {
    for (const file of listFiles(resolve(baseDir, path), path)) {
      if (!found.has(file)) found.set(file, { path: shortName(file, baseDir), text: read(file) })
    }
  }
  return [...found.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, file]) => file)
}

function listFiles(absolute: string, asWritten: string): readonly string[] {
  try {
    if (!statSync(absolute).isDirectory()) return [absolute]
    const entries = readdirSync(absolute, { recursive: true, withFileTypes: true })
    return entries.filter((entry) => entry.isFile() && entry.name.endsWith('.policy')).map((entry) => join(entry.parentPath, entry.name))
  } catch (error) {
    throw new PolicyError(
      `the policies in ${asWritten} cannot be read: ${(error as Error).message}. Check policies.paths and the permissions.`,
    )
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new PolicyError(`the policy file ${file} cannot be read: ${(error as Error).message}. Check its permissions.`)
  }
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
