// The part of the grammar that says when: conditions.
// `and`/`or` and the operators are flat here; `build-condition.ts` gives them their precedence.
import { ValueParser, type Rule } from './grammar-values.ts'
import * as T from './tokens.ts'

const K = T.K

export abstract class ConditionParser extends ValueParser {
  protected readonly condition: Rule = this.RULE('condition', () => {
    this.SUBRULE(this.negation)
    this.MANY(() => {
      this.CONSUME(T.Connective)
      this.SUBRULE2(this.negation)
    })
  })

  protected readonly negation: Rule = this.RULE('negation', () => {
    this.MANY(() => this.CONSUME(K.not))
    this.OR({ ERR_MSG: 'condition', DEF: [{ ALT: () => this.SUBRULE(this.quantifier) }, { ALT: () => this.SUBRULE(this.relation) }] })
  })

  protected readonly quantifier: Rule = this.RULE('quantifier', () => {
    this.OR([
      { ALT: () => this.CONSUME(K.some, { LABEL: 'quantity' }) },
      { ALT: () => this.CONSUME(K.every, { LABEL: 'quantity' }) },
      { ALT: () => this.CONSUME(K.no, { LABEL: 'quantity' }) },
    ])
    this.CONSUME(T.Name)
    this.CONSUME(K.in)
    this.SUBRULE(this.sum)
    this.CONSUME(K.where)
    this.CONSUME(T.LeftParen)
    this.SUBRULE(this.condition)
    this.CONSUME(T.RightParen)
  })

  protected readonly relation: Rule = this.RULE('relation', () => {
    this.SUBRULE(this.sum)
    this.OPTION(() => this.SUBRULE(this.relationTail))
    this.OPTION2(() => this.CONSUME(T.Hole))
  })

  /** What is said of the sum before it. */
  protected readonly relationTail: Rule = this.RULE('relationTail', () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(T.Comparison)
          this.SUBRULE(this.sum)
        },
      },
      {
        ALT: () => {
          this.OPTION(() => this.CONSUME(K.not))
          this.CONSUME(K.in)
          this.SUBRULE2(this.sum)
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.has)
          this.OPTION2(() => {
            this.OR2([{ ALT: () => this.CONSUME(K.any) }, { ALT: () => this.CONSUME(K.all) }])
            this.CONSUME(K.of)
          })
          this.SUBRULE3(this.sum)
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.contains)
          this.SUBRULE4(this.sum)
          this.OPTION3(() => {
            this.CONSUME(K.scoring)
            this.CONSUME(T.NumberLiteral)
          })
        },
      },
      { ALT: () => this.CONSUME(K.exists) },
      {
        ALT: () => {
          this.CONSUME(K.is)
          this.CONSUME(K.missing)
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.starts)
          this.CONSUME(K.with)
          this.SUBRULE5(this.sum)
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.ends)
          this.CONSUME2(K.with)
          this.SUBRULE6(this.sum)
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.like)
          this.SUBRULE7(this.sum)
        },
      },
    ])
  })

  protected readonly sum: Rule = this.RULE('sum', () => {
    this.SUBRULE(this.atom)
    this.MANY(() => {
      this.CONSUME(T.Operator)
      this.SUBRULE2(this.atom)
    })
  })

  protected readonly atom: Rule = this.RULE('atom', () => {
    this.OR({
      ERR_MSG: 'value',
      DEF: [
        { ALT: () => this.SUBRULE(this.path) },
        { ALT: () => this.SUBRULE(this.literal) },
        {
          ALT: () => {
            this.CONSUME(T.LeftParen)
            this.SUBRULE(this.condition)
            this.CONSUME(T.RightParen)
          },
        },
        { ALT: () => this.SUBRULE(this.count) },
        {
          ALT: () => {
            this.CONSUME(K.lower)
            this.CONSUME2(T.LeftParen)
            this.SUBRULE(this.sum)
            this.CONSUME2(T.RightParen)
          },
        },
        {
          ALT: () => {
            this.CONSUME(K.jsonlogic)
            this.SUBRULE(this.text)
          },
        },
        { ALT: () => this.CONSUME(T.Hole) },
      ],
    })
  })

  protected readonly count: Rule = this.RULE('count', () => {
    this.CONSUME(K.count)
    this.CONSUME(T.LeftParen)
    this.CONSUME(T.Name)
    this.CONSUME(K.in)
    this.SUBRULE(this.sum)
    this.OPTION(() => {
      this.CONSUME(K.where)
      this.SUBRULE(this.condition)
    })
    this.CONSUME(T.RightParen)
  })
}
