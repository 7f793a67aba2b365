// The blocks that judge: policies, exceptions to them, and overlays, with the clauses they are made of.
import { PhraseParser } from './grammar-phrase.ts'
import type { Rule } from './grammar-values.ts'
import * as T from './tokens.ts'

const K = T.K

export abstract class PolicyBlockParser extends PhraseParser {
  protected readonly policy: Rule = this.RULE('policy', () => {
    this.CONSUME(K.policy)
    this.SUBRULE(this.path)
    this.OPTION(() => this.SUBRULE(this.text))
    this.SUBRULE(this.clauses)
  })

  protected readonly exception: Rule = this.RULE('exception', () => {
    this.CONSUME(K.exception)
    this.SUBRULE(this.text)
    this.CONSUME(K.to)
    this.SUBRULE(this.path)
    this.SUBRULE(this.clauses)
  })

  protected readonly clauses: Rule = this.RULE('clauses', () => {
    this.CONSUME(T.LeftBrace)
    this.MANY(() => this.SUBRULE(this.clause))
    this.CONSUME(T.RightBrace)
  })

  protected readonly clause: Rule = this.RULE('clause', () => {
    this.OR({
      ERR_MSG: 'clause',
      DEF: [
        {
          ALT: () => {
            this.CONSUME(K.when)
            this.SUBRULE(this.condition)
          },
        },
        {
          ALT: () => {
            this.CONSUME(K.unless)
            this.SUBRULE2(this.condition)
          },
        },
        { ALT: () => this.SUBRULE(this.on) },
        { ALT: () => this.SUBRULE(this.phrase) },
      ],
    })
  })

  protected readonly on: Rule = this.RULE('on', () => {
    this.CONSUME(K.on)
    this.OR({
      ERR_MSG: 'phase',
      DEF: [
        {
          ALT: () => {
            this.CONSUME(K.error)
            this.SUBRULE(this.phrase)
          },
        },
        { ALT: () => this.AT_LEAST_ONE_SEP({ SEP: T.Comma, DEF: () => this.CONSUME(T.Name) }) },
      ],
    })
  })

  protected readonly overlay: Rule = this.RULE('overlay', () => {
    this.CONSUME(K.overlay)
    this.CONSUME(T.Name)
    this.CONSUME(K.for)
    this.CONSUME2(T.Name, { LABEL: 'noun' })
    this.AT_LEAST_ONE_SEP({ SEP: T.Comma, DEF: () => this.SUBRULE(this.literal) })
    this.CONSUME(T.LeftBrace)
    this.MANY(() => this.SUBRULE(this.overlayItem))
    this.CONSUME(T.RightBrace)
  })

  protected readonly overlayItem: Rule = this.RULE('overlayItem', () => {
    this.OR({
      ERR_MSG: 'overlayItem',
      DEF: [
        { ALT: () => this.SUBRULE(this.overlayParam) },
        { ALT: () => this.SUBRULE(this.policy) },
        { ALT: () => this.SUBRULE(this.exception) },
        { ALT: () => this.SUBRULE(this.phrase) },
      ],
    })
  })

  protected readonly overlayParam: Rule = this.RULE('overlayParam', () => {
    this.CONSUME(K.param)
    this.SUBRULE(this.path)
    this.CONSUME(T.Assign)
    this.SUBRULE(this.literal)
  })
}
