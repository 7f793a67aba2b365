// Words of the policy language as Markdown: what the generated pages and the tables of the guide share.
import type { gatherWords } from '../core/policy/words.ts'

export type Vocabulary = ReturnType<typeof gatherWords>['vocabulary']
type Type = Vocabulary['attributes'][number]['type']

export const code = (text: string): string => (text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``)

/** A bar divides cells, within code too, unless it is escaped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}

/** `list of text`, the values of an enum, the fields of a record. */
export function typeName(type: Type): string {
  switch (type.kind) {
    case 'enum':
      return type.values.map(code).join(' ')
    case 'list':
      return `list of ${typeName(type.of)}`
    case 'record':
      return `{ ${Object.keys(type.fields).join(', ')} }`
    default:
      return type.kind
  }
}
