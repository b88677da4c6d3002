/** Where a command writes its lines, without their line ends. */
export interface CommandOutput {
  out(line: string): void;
  err(line: string): void;
}
