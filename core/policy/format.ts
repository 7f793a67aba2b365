// Formats policy files in place: each is written whole beside itself and renamed, so that a reader never sees half of one.
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  realpathSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  type Stats,
} from 'node:fs'
import { randomUUID } from 'node:crypto'
import { basename, dirname, join, resolve, sep } from 'node:path'
import { formatPolicy, type Diagnostic, type SourceFile } from '../../dsl/index.ts'
import { gatherWords } from './words.ts'
import { PolicyError, readPolicyFiles } from './load.ts'
import { readVocabularies } from '../plugin/registry.ts'
import type { JsonObject } from '../model/value.ts'
import type { Plugin } from '../plugin/contract.ts'

export interface FormattedFile extends SourceFile {
  /** In canonical form; as it was if its syntax is wrong. */
  readonly formatted: string
  readonly diagnostics: readonly Diagnostic[]
}

/** Reads and formats; writes nothing. Throws PolicyError for paths that cannot be read and for links that lead out of them. */
export function formatFiles(
  paths: readonly string[],
  plugins: readonly Plugin[],
  blocks: { readonly [name: string]: JsonObject } = {},
): readonly FormattedFile[] {
  const { vocabulary } = gatherWords(readVocabularies(plugins, blocks))
  const files = readPolicyFiles(paths)
  const roots = paths.map(rootOf)
  for (const { path } of files) refuseOutside(path, roots)
  return files.map((file) => {
    const { text, diagnostics } = formatPolicy(file, vocabulary)
    return { ...file, formatted: text, diagnostics }
  })
}

/** The folder that was named, or the one that holds the named file. */
function rootOf(path: string): string {
  return statSync(path).isDirectory() ? realpathSync(path) : realpathSync(dirname(resolve(path)))
}

function refuseOutside(path: string, roots: readonly string[]): void {
  const real = realpathSync(path)
  const isInside = roots.some((root) => real === root || real.startsWith(root.endsWith(sep) ? root : root + sep))
  if (!isInside) throw new PolicyError(`${path} is a link that leads out of the named path, to ${real}; name that file to format it`)
}

/** Keeps the permissions of the file, and the links that lead to it. Throws PolicyError; the file is as it was then. */
export function writeFormatted({ path, text, formatted }: FormattedFile): void {
  const real = realpathSync(path)
  const draft = join(dirname(real), `.${basename(real)}.${randomUUID()}.tmp`)
  try {
    const status = statSync(real)
    // Renaming asks for no permission to write the file that it replaces.
    if ((status.mode & 0o222) === 0) throw new Error('it is write-protected')
    writeDraft(draft, formatted, status)
    if (readFileSync(real, 'utf8') !== text) throw new Error('it changed in the meantime; format it again')
    renameSync(draft, real)
  } catch (error) {
    rmSync(draft, { force: true })
    throw new PolicyError(`${path} cannot be written: ${(error as Error).message}`)
  }
}

function writeDraft(draft: string, text: string, { mode, uid, gid }: Stats): void {
  const file = openSync(draft, 'wx', 0o600)
  try {
    writeFileSync(file, text)
    // Nobody else may give files away; their own stay theirs.
    if (process.getuid?.() === 0) fchownSync(file, uid, gid)
    fchmodSync(file, mode & 0o7777)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
