// The attributes that conditions and effects may read: what plugins bring, and the members of families that modules declare.
import type { AttributeDeclaration, Vocabulary } from '../vocabulary/vocabulary.ts'
import type { DeclarationOf } from '../syntax/ast.ts'
import type { Report } from './report.ts'

export type Attributes = ReadonlyMap<string, AttributeDeclaration>

export function collectAttributes(declarations: readonly DeclarationOf<'attribute'>[], vocabulary: Vocabulary, report: Report): Attributes {
  const brought = new Map(vocabulary.attributes.map((attribute) => [attribute.name, attribute]))
  const members = declarations.flatMap((declaration) => memberOf(declaration, brought, report) ?? [])
  return new Map([...brought, ...members.map((member) => [member.name, member] as const)])
}

/** The family that a name would belong to (`metadata.*`), or null. Its members are known once they are declared. */
export function familyOf(attributes: Attributes, text: string): AttributeDeclaration | null {
  return attributes.get(`${text.slice(0, text.lastIndexOf('.'))}.*`) ?? null
}

/** Names of all attributes, without families. */
export function attributeNames(attributes: Attributes): readonly string[] {
  return [...attributes.keys()].filter((name) => !name.endsWith('.*'))
}

function memberOf({ name, type }: DeclarationOf<'attribute'>, brought: Attributes, report: Report): AttributeDeclaration | null {
  const family = familyOf(brought, name.text)
  if (brought.has(name.text)) {
    report.error('P134', name.span, `\`${name.text}\` is there without a declaration`, 'Leave the declaration out.')
  } else if (!family) {
    const families = [...brought.keys()].filter((known) => known.endsWith('.*')).map((known) => `\`${known}\``)
    const help = families.length > 0 ? `Families are ${families.join(', ')}.` : 'The plugin that opens it may not be loaded.'
    report.error('P134', name.span, `no plugin opens a family for \`${name.text}\``, help)
  } else if (writtenType(family) !== `${type.text}${type.optional ? '?' : ''}`) {
    const wanted = writtenType(family)
    report.error('P134', type.span, `the members of \`${family.name}\` are \`${wanted}\``, `Write \`attribute ${name.text} : ${wanted}\`.`)
  } else return { ...family, name: name.text }
  return null
}

/** As a declaration writes it: `list of text?`. */
export function writtenType({ type, optional }: AttributeDeclaration): string {
  const written = (one: AttributeDeclaration['type']): string => (one.kind === 'list' ? `list of ${written(one.of)}` : one.kind)
  return `${written(type)}${optional ? '?' : ''}`
}
