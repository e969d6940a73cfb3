/**
 * Fault model: a process that is never where it was: it forks, the child leaves group and session, the parent exits, and so on.
 *
 * It inherits the marker of its family, and hides nothing. It says that it lives by a byte for each hop.
 */
import { spawn } from "node:child_process"
import { mkdtempSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"

/** FOLDER MS STUBBORN: hops every MS milliseconds until there is FOLDER/stop, for 20 seconds at most. */
export const hopperScript = `use POSIX qw(setsid _exit);
my ($folder, $ms, $stubborn) = @ARGV; my $until = time + 20;
$SIG{TERM} = 'IGNORE' if $stubborn; $SIG{CHLD} = 'IGNORE';
while (1) {
  select(undef, undef, undef, $ms / 1000) if $ms;
  _exit(0) if -e "$folder/stop" || time > $until;
  open(my $beat, '>>', "$folder/beat"); print $beat "x"; close $beat;
  my $child = fork(); next unless defined $child; _exit(0) if $child; setsid();
}`

export const hopsIn = (folder: string): number => statSync(join(folder, "beat"), { throwIfNoEntry: false })?.size ?? 0

export interface Hopper {
  readonly marker: { readonly name: string; readonly value: string }
  /** Whether it hops on; waits for as long as some hops take. */
  readonly isAlive: () => Promise<boolean>
  readonly stop: () => void
}

/** Starts one, and answers when it has hopped. */
export const startHopper = async (base: string, ms: number, isStubborn: boolean): Promise<Hopper> => {
  const folder = mkdtempSync(join(base, "hopper-"))
  const marker = { name: "WAYBILL_TEST_HOPPER", value: folder }
  const args = ["-e", hopperScript, folder, String(ms), isStubborn ? "1" : ""]
  const env = { PATH: process.env["PATH"], [marker.name]: marker.value }
  spawn("perl", args, { env, detached: true, stdio: "ignore" }).unref()
  while (hopsIn(folder) < 3) await delay(1)
  return {
    marker,
    isAlive: async () => {
      const before = hopsIn(folder)
      await delay(ms * 5 + 50)
      return hopsIn(folder) !== before
    },
    stop: () => writeFileSync(join(folder, "stop"), ""),
  }
}
