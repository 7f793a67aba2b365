// `policy fmt`: the canonical form of policy files. What cannot be parsed stays as it is and is shown; everything else is still formatted.
import { formatFiles, writeFormatted } from '../policy/format.ts'
import { count, type Screen } from './policy-output.ts'
import { renderDiagnostics } from '../policy/toolbox.ts'
import type { JsonObject } from '../model/value.ts'
import type { Plugin } from '../plugin/contract.ts'

export interface FormatReport {
  readonly output: string
  /** 1: a file could not be parsed, or (with `check`) is not in canonical form. */
  readonly exitCode: 0 | 1
}

export interface FormatSettings {
  readonly check: boolean
  readonly screen: Screen
  readonly plugins: readonly Plugin[]
  readonly blocks: { readonly [name: string]: JsonObject }
}

/** Null: there is no policy file. Throws PolicyError for what cannot be read or written. */
export function formatPaths(paths: readonly string[], { check, screen, plugins, blocks }: FormatSettings): FormatReport | null {
  const files = formatFiles(paths, plugins, blocks)
  if (files.length === 0) return null
  const broken = files.filter(({ diagnostics }) => diagnostics.length > 0)
  const changed = files.filter(({ text, formatted }) => text !== formatted)
  if (!check) for (const file of changed) writeFormatted(file)
  const diagnostics = broken.flatMap((file) => file.diagnostics)
  const shown = [
    ...(diagnostics.length > 0 ? [renderDiagnostics(diagnostics, files, screen)] : []),
    ...changed.map(({ path }) => (check ? `${path} is not in canonical form` : `${path} formatted`)),
    summary(files.length, changed.length, broken.length, check),
  ]
  return { output: shown.join('\n'), exitCode: broken.length > 0 || (check && changed.length > 0) ? 1 : 0 }
}

function summary(files: number, changed: number, broken: number, check: boolean): string {
  const good = files - changed - broken
  const parts = [
    `${count(good, 'file')} ${check ? 'in canonical form' : 'unchanged'}`,
    `${changed} ${check ? 'not' : 'formatted'}`,
    ...(broken > 0 ? [`${broken} with errors left as ${broken === 1 ? 'it was' : 'they were'}`] : []),
  ]
  return parts.join(', ')
}
