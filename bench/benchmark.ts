/** What a benchmark's module exports. It prints one small table, or a few, with what was measured beside its peer or its limit. */
export interface Benchmark {
  /**
   * Measures, prints, and leaves nothing open.
   * @param args what stands behind its name on the command line
   */
  run(args: readonly string[]): Promise<void>
}
