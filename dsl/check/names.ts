// Which name means what in which file: declarations of all modules, imports, and the vocabulary.
import { didYouMean } from '../diagnostics/suggest.ts'
import type { Declaration, DeclarationOf, FileAst, Literal, Name } from '../syntax/ast.ts'
import type { AttributeDeclaration, Vocabulary } from '../vocabulary/vocabulary.ts'
import type { Report } from './report.ts'

/** All files of one module. Files without a module declaration form the module `` (empty name). */
export interface Module {
  readonly name: string
  readonly version: string | null
  readonly files: readonly FileAst[]
  readonly detectors: ReadonlyMap<string, DeclarationOf<'detector'>>
  readonly values: ReadonlyMap<string, DeclarationOf<'list' | 'param' | 'const'>>
  readonly policies: ReadonlyMap<string, DeclarationOf<'policy'>>
  /** Alias or last word -> module name. */
  readonly imports: ReadonlyMap<string, string>
}

export interface Names {
  readonly modules: ReadonlyMap<string, Module>
  readonly vocabulary: Vocabulary
  /** All policies by id; ids are the same everywhere. */
  readonly policies: ReadonlyMap<string, DeclarationOf<'policy'>>
  readonly detectors: ReadonlyMap<string, DeclarationOf<'detector'>>
}

type Kind = 'detectors' | 'values' | 'policies'

export function collectNames(files: readonly FileAst[], vocabulary: Vocabulary, report: Report): Names {
  const grouped = Map.groupBy(files, (file) => moduleOf(file)?.name.text ?? '')
  const modules = new Map([...grouped.entries()].map(([name, members]) => [name, readModule(name, members, report)]))
  const policies = new Map<string, DeclarationOf<'policy'>>()
  const detectors = new Map<string, DeclarationOf<'detector'>>()
  for (const module of modules.values()) {
    for (const [id, policy] of module.policies) {
      if (policies.has(id)) report.error('P101', policy.name.span, `the policy \`${id}\` is declared twice`, 'Give one of them another id.')
      policies.set(id, policy)
    }
    for (const [name, detector] of module.detectors) detectors.set(fullName(module, name), detector)
    for (const [alias, imported] of module.imports)
      if (!modules.has(imported)) reportMissing(module, alias, imported, [...modules.keys()], report)
  }
  return { modules, vocabulary, policies, detectors }
}

function reportMissing(module: Module, alias: string, imported: string, known: readonly string[], report: Report): void {
  const declaration = declarationsOf(module.files, 'import').find(({ module: name }) => name.text === imported)
  if (declaration)
    report.error(
      'P102',
      declaration.module.span,
      `there is no module \`${imported}\` (imported as \`${alias}\`)`,
      didYouMean(imported, known) ?? 'Check the name, or add the path of its files.',
    )
}

export function fullName(module: Pick<Module, 'name'>, name: string): string {
  return module.name === '' ? name : `${module.name}.${name}`
}

function moduleOf(file: FileAst): DeclarationOf<'module'> | undefined {
  return file.declarations.find((declaration): declaration is DeclarationOf<'module'> => declaration.kind === 'module')
}

export function declarationsOf<K extends Declaration['kind']>(
  files: readonly FileAst[],
  ...kinds: readonly K[]
): readonly DeclarationOf<K>[] {
  return files.flatMap(({ declarations }) =>
    declarations.filter((declaration): declaration is DeclarationOf<K> => (kinds as readonly string[]).includes(declaration.kind)),
  )
}

function readModule(name: string, files: readonly FileAst[], report: Report): Module {
  const named = <D extends Declaration & { readonly name: Name }>(declarations: readonly D[]): Map<string, D> => {
    const known = new Map<string, D>()
    for (const declaration of declarations) {
      if (known.has(declaration.name.text))
        report.error(
          'P101',
          declaration.name.span,
          `\`${declaration.name.text}\` is declared twice in the module`,
          'Remove one of the declarations, or rename it.',
        )
      else known.set(declaration.name.text, declaration)
    }
    return known
  }
  return {
    name,
    version: files.map((file) => moduleOf(file)?.version ?? null).find((version) => version !== null) ?? null,
    files,
    detectors: named(declarationsOf(files, 'detector')),
    values: named(declarationsOf(files, 'list', 'param', 'const')),
    policies: named(declarationsOf(files, 'policy')),
    imports: new Map(
      declarationsOf(files, 'import').map(({ module, alias }) => [alias?.text ?? module.text.split('.').at(-1)!, module.text]),
    ),
  }
}

/** Resolves a name of a kind as seen from a module: own short name, imported `alias.name`, or full name. */
export function find<K extends Kind>(
  names: Names,
  module: Module,
  kind: K,
  text: string,
): { readonly module: Module; readonly declaration: Module[K] extends ReadonlyMap<string, infer D> ? D : never } | null {
  const own = module[kind].get(text)
  if (own) return { module, declaration: own as never }
  for (let dot = text.indexOf('.'); dot !== -1; dot = text.indexOf('.', dot + 1)) {
    const head = text.slice(0, dot)
    const other = names.modules.get(module.imports.get(head) ?? head)
    const declaration = other?.[kind].get(text.slice(dot + 1))
    if (other && declaration) return { module: other, declaration: declaration as never }
  }
  return null
}

/** Full name of a detector as seen from a module, or null. */
export function findDetector(names: Names, module: Module, text: string): string | null {
  const found = find(names, module, 'detectors', text)
  if (found) return fullName(found.module, found.declaration.name.text)
  return names.vocabulary.engines.some(({ name }) => name === text) ? text : null
}

/** The literal behind a param, const or list, or null. */
export function findValue(names: Names, module: Module, text: string): Literal | null {
  const found = find(names, module, 'values', text)
  if (!found) return null
  const { declaration } = found
  if (declaration.kind !== 'list') return declaration.value
  return { kind: 'list', items: declaration.values ?? [], span: declaration.span }
}

export function findAttribute({ vocabulary }: Names, text: string): AttributeDeclaration | null {
  const exact = vocabulary.attributes.find(({ name }) => name === text)
  if (exact) return exact
  const family = `${text.slice(0, text.lastIndexOf('.'))}.*`
  return vocabulary.attributes.find(({ name }) => name === family) ?? null
}

/** Single locations and the unions above them: `prompt`, `completion`. */
export function locationsIn({ vocabulary }: Names): ReadonlyMap<string, 'request' | 'response'> {
  const all = new Map<string, 'request' | 'response'>()
  for (const { name, phase } of vocabulary.locations) {
    all.set(name, phase)
    all.set(name.slice(0, name.indexOf('.')), phase)
  }
  return all
}

/** Everything that a name in a condition could have meant, for did-you-mean. */
export function knownNames(names: Names, module: Module): readonly string[] {
  const imported = [...module.imports.entries()].flatMap(([alias, name]) =>
    [...(names.modules.get(name)?.detectors.keys() ?? [])].map((detector) => `${alias}.${detector}`),
  )
  return [
    ...names.vocabulary.attributes.map(({ name }) => name),
    ...locationsIn(names).keys(),
    ...module.detectors.keys(),
    ...module.values.keys(),
    ...imported,
  ]
}
