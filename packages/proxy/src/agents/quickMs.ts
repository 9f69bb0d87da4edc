/** A background run that ends within this many milliseconds is answered whole, without a token. */
export const quickMs = 50
