// The part of the grammar that says what: phrases, of verbs that it does not know.
// The word rule: a word is an operand only directly behind a verb, a preposition or a comma; any other word begins the next clause.
import { ConditionParser } from './grammar-condition.ts'
import type { Rule } from './grammar-values.ts'
import * as T from './tokens.ts'

const K = T.K

export abstract class PhraseParser extends ConditionParser {
  protected readonly phrase: Rule = this.RULE('phrase', () => {
    this.OR({
      ERR_MSG: 'phrase',
      DEF: [
        { ALT: () => this.CONSUME(K.allow) },
        {
          ALT: () => {
            this.CONSUME(T.Name)
            this.OR2({
              ERR_MSG: 'operand',
              DEF: [
                {
                  ALT: () => {
                    this.SUBRULE(this.slot)
                    this.MANY(() => this.SUBRULE(this.group))
                  },
                },
                { ALT: () => this.AT_LEAST_ONE({ ERR_MSG: 'operand', DEF: () => this.SUBRULE2(this.group) }) },
              ],
            })
            this.OPTION(() => this.CONSUME(T.Hole))
          },
        },
      ],
    })
  })

  /** After `expect` a verb may stand alone. */
  protected readonly bareablePhrase: Rule = this.RULE('bareablePhrase', () => {
    this.OR({
      ERR_MSG: 'phrase',
      DEF: [
        { ALT: () => this.CONSUME(K.allow) },
        {
          ALT: () => {
            this.CONSUME(T.Name)
            this.OPTION(() => this.SUBRULE(this.slot))
            this.MANY(() => this.SUBRULE(this.group))
            this.OPTION2(() => this.CONSUME(T.Hole))
          },
        },
      ],
    })
  })

  protected readonly group: Rule = this.RULE('group', () => {
    this.CONSUME(T.Preposition)
    this.SUBRULE(this.slot)
  })

  protected readonly slot: Rule = this.RULE('slot', () => {
    this.SUBRULE(this.operand)
    this.MANY(() => {
      this.OR([
        {
          ALT: () => {
            this.CONSUME(T.Comma)
            this.SUBRULE2(this.operand)
          },
        },
        { ALT: () => this.SUBRULE(this.literal) },
      ])
    })
  })

  protected readonly operand: Rule = this.RULE('operand', () => {
    this.OR({ ERR_MSG: 'operand', DEF: [{ ALT: () => this.SUBRULE(this.path) }, { ALT: () => this.SUBRULE(this.literal) }] })
  })
}
