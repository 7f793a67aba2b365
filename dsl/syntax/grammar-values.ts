// The smallest parts of the grammar, which every other part shares: texts, paths, literals, and comma lists of them.
import type { CstNode, ParserMethod } from 'chevrotain'
import { RecoveringParser } from './recovery.ts'
import * as T from './tokens.ts'

const K = T.K

export type Rule = ParserMethod<[], CstNode>

export abstract class ValueParser extends RecoveringParser {
  protected readonly text: Rule = this.RULE('text', () => {
    this.OR({ ERR_MSG: 'text', DEF: [{ ALT: () => this.CONSUME(T.Text) }, { ALT: () => this.CONSUME(T.LongText) }] })
  })

  protected readonly path: Rule = this.RULE('path', () => {
    this.CONSUME(T.Name)
    this.MANY(() => {
      this.CONSUME(T.Dot)
      this.CONSUME(T.Word)
    })
  })

  protected readonly literal: Rule = this.RULE('literal', () => {
    this.OR({
      ERR_MSG: 'literal',
      DEF: [
        { ALT: () => this.SUBRULE(this.text) },
        {
          ALT: () => {
            this.OPTION(() => this.CONSUME(T.Minus))
            this.CONSUME(T.NumberLiteral)
          },
        },
        { ALT: () => this.CONSUME(T.Percent) },
        { ALT: () => this.CONSUME(T.Duration) },
        { ALT: () => this.CONSUME(T.DateLiteral) },
        { ALT: () => this.CONSUME(K.true) },
        { ALT: () => this.CONSUME(K.false) },
        { ALT: () => this.SUBRULE(this.listLiteral) },
      ],
    })
  })

  protected readonly listLiteral: Rule = this.RULE('listLiteral', () => {
    this.CONSUME(T.LeftBracket)
    this.MANY_SEP({ SEP: T.Comma, DEF: () => this.SUBRULE(this.literal) })
    this.CONSUME(T.RightBracket)
  })

  protected readonly names: Rule = this.RULE('names', () => {
    this.AT_LEAST_ONE_SEP({ SEP: T.Comma, DEF: () => this.SUBRULE(this.path) })
  })

  protected readonly texts: Rule = this.RULE('texts', () => {
    this.AT_LEAST_ONE_SEP({ SEP: T.Comma, DEF: () => this.SUBRULE(this.text) })
  })
}
