import { commit, version } from "../version.ts";

/** One line that says which bun-gofer this is, on which Bun. */
export const versionLine = `bun-gofer ${version} (commit ${commit}, Bun ${Bun.version}, ${process.arch})`;

export const usageLine = "usage: bun-gofer gofer|adopt|stats|version|help [ARGUMENTS]";

export const helpText = `${versionLine}
A gofer for gVisor sandboxes: serves a container's files to the sandbox over lisafs.

${usageLine}

  adopt RUNSC    write a copy of a runsc that starts this gofer in place of its own (adopt --help)
  stats FILE     print what a gofer has served, from a file that BUN_GOFER_STATS or BUN_GOFER_PROFILE named
  version        say which bun-gofer this is
  help           print this text
  gofer          serve a container; started by runsc, not by hand

Environment of the gofer, passed on by runsc:
  BUN_GOFER_STATS=FILE         count the requests of each kind in FILE
  BUN_GOFER_PROFILE=FILE       keep latencies of each kind of request, and more, in FILE
  BUN_GOFER_CPU_PROFILE=FILE   write a CPU profile to FILE
%ID% in the name of a file stands for the container's ID.

Start with: bun-gofer adopt /usr/local/bin/runsc`;
