/** Java for programs that run for a second: compiling them well would take longer than they run. */
export const JAVA = ['java', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'] as const
