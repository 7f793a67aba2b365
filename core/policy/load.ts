// From policy files on disk to a bundle: reads the standard policies and the operator's paths, compiles them against the plugins' words.
import { isUtf8 } from 'node:buffer'
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { compile, renderDiagnostics, type Bundle, type Diagnostic, type ReadList, type SourceFile } from '../../dsl/index.ts'
import type { Words } from './words.ts'

/** Folder of what comes with the gateway: the standard policies and all packs. */
export const SHIPPED_POLICIES = resolve(import.meta.dirname, '../../policies')
/** Folder of those that judge unless they are switched off. */
export const STANDARD_POLICIES = join(SHIPPED_POLICIES, 'standard')

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

/** The lists of the industry hold some hundred thousand codes. */
const MAX_LIST_BYTES = 16 * 1024 * 1024

/** A policy file with the place of its folder, for the lists beside it. */
export interface PolicyFile extends SourceFile {
  readonly absolute: string
  /** The folder that the operator named (of a single file, its own): lists from files lie in it. */
  readonly root: string
}

/** All `*.policy` files below the paths (files or folders), each once, in a stable order. Throws PolicyError on an unreadable path. */
export function readPolicyFiles(paths: readonly string[], baseDir = process.cwd()): readonly PolicyFile[] {
  const found = new Map<string, { readonly file: string; readonly root: string }>()
  for (const path of paths) {
    const named = resolve(baseDir, path)
    for (const file of listFiles(named, path)) {
      const real = realOf(file)
      if (!found.has(real)) found.set(real, { file, root: file === named ? dirname(named) : named })
    }
  }
  return [...found.values()]
    .sort((a, b) => (a.file < b.file ? -1 : 1))
    .map(({ file, root }) => ({ path: shortName(file, baseDir), text: read(file), absolute: file, root }))
}

const DETECTORS = join(STANDARD_POLICIES, 'detectors.policy')

/** The files of a gateway. The standard detectors are always there to be imported; they bring words, no verdicts. */
export function readGatewayPolicies(paths: readonly string[], baseDir: string): readonly PolicyFile[] {
  return readPolicyFiles(paths.includes(STANDARD_POLICIES) ? paths : [DETECTORS, ...paths], baseDir)
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
  const text = readText(file, MAX_FILE_BYTES)
  if (typeof text === 'string' && text !== '') return text
  const { problem, help } = typeof text === 'string' ? EMPTY : text
  throw new PolicyError(`the policy file ${file} cannot be read: ${problem}. ${help}`)
}

/** What a full disk or an editor in the middle of saving leaves behind would pass as a set without these policies. */
const EMPTY: Unreadable = { problem: 'it is empty', help: 'Write its policies again, or remove it.' }

interface Unreadable {
  readonly problem: string
  readonly help: string
}

function readText(file: string, maxBytes: number): string | Unreadable {
  try {
    const status = statSync(file)
    if (!status.isFile()) return { problem: 'it is no ordinary file', help: 'Take it out of policies.paths.' }
    if (status.size > maxBytes) return { problem: `it is larger than ${maxBytes} bytes`, help: 'Split it into several files.' }
    const bytes = readFileSync(file)
    const isText = isUtf8(bytes) && !bytes.includes(0)
    return isText ? bytes.toString() : { problem: 'it holds bytes that are no UTF-8 text', help: 'Save it as UTF-8.' }
  } catch (error) {
    return { problem: (error as Error).message, help: 'Check its permissions.' }
  }
}

// ── lists ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Reads the lists of these files: from below the folder that holds them and from nowhere else, whatever links say. */
export function listReader(files: readonly (SourceFile | PolicyFile)[]): ReadList {
  const byPath = new Map(files.flatMap((file) => ('root' in file ? [[file.path, file] as const] : [])))
  return (policyPath, listPath) => {
    const policy = byPath.get(policyPath)
    if (!policy) return null
    const file = resolve(dirname(policy.absolute), listPath)
    if (statSync(file, { throwIfNoEntry: false }) === undefined) return null
    if (!realOf(file).startsWith(`${realOf(policy.root)}${sep}`))
      return { problem: `\`${listPath}\` lies outside the folder of the policies` }
    return readText(file, MAX_LIST_BYTES)
  }
}

function shortName(file: string, baseDir: string): string {
  const short = relative(baseDir, file)
  return short.startsWith('..') ? file : short
}

export interface CompiledPolicies {
  readonly bundle: Bundle
  readonly warnings: readonly Diagnostic[]
}

/** Compiles files to a bundle. Throws PolicyError when there is an error; warnings come back. */
export function compilePolicies(files: readonly (SourceFile | PolicyFile)[], words: Words): CompiledPolicies {
  const { bundle, diagnostics } = compile(files, words.vocabulary, { readList: listReader(files) })
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  if (!bundle || errors.length > 0) throw new PolicyError(renderDiagnostics(errors, files, { colour: false }), errors)
  return { bundle, warnings: diagnostics.filter(({ severity }) => severity !== 'error') }
}
