import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { adoptCommand } from "../../../src/cli/adopt.ts";
import { readAdoption } from "../../../src/elf/adoption.ts";
import { acceptedValue } from "../elf/support/expect-outcome.ts";
import { TemporaryDirectory } from "../elf/support/temporary-directory.ts";
import { tinyProgram } from "../elf/support/tiny-program.ts";

let directory: TemporaryDirectory;
let runsc: string;
let gofer: string;

beforeEach(() => {
  directory = new TemporaryDirectory();
  runsc = directory.writeProgram("runsc", tinyProgram());
  gofer = directory.writeProgram("bun-gofer", new Uint8Array());
});

afterEach(() => {
  directory[Symbol.dispose]();
});

function adopt(...args: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const status = adoptCommand(args, { out: (line) => out.push(line), err: (line) => err.push(line) });
  return { status, out: out.join("\n"), err: err.join("\n") };
}

function goferOf(file: string): string | undefined {
  return acceptedValue(readAdoption(readFileSync(file)))?.goferPath;
}

describe("bun-gofer adopt RUNSC", () => {
  test("writes the adopted copy beside RUNSC and says what it did", () => {
    const { status, out, err } = adopt(runsc, "--gofer", gofer);
    expect({ status, err }).toEqual({ status: 0, err: "" });
    const output = directory.at("runsc-bun-gofer");
    expect(goferOf(output)).toBe(gofer);
    for (const part of [`adopted ${runsc} (x86-64)`, output, gofer, "length and build ID unchanged"]) {
      expect(out).toContain(part);
    }
  });

  test("leaves RUNSC as it is, and nothing but the output behind", () => {
    adopt(runsc, "--gofer", gofer);
    expect(Buffer.compare(readFileSync(runsc), tinyProgram())).toBe(0);
    expect(readdirSync(directory.path).toSorted()).toEqual(["bun-gofer", "runsc", "runsc-bun-gofer"]);
  });

  test("replaces an older output, but does not write into it", () => {
    const output = directory.writeProgram("output", new Uint8Array(3));
    linkSync(output, directory.at("other-name"));
    expect(adopt(runsc, `--gofer=${gofer}`, `--output=${output}`).status).toBe(0);
    expect(goferOf(output)).toBe(gofer);
    expect(statSync(directory.at("other-name")).size).toBe(3);
  });

  test.each([
    ["keeps the permissions of RUNSC", 0o750, 0o750],
    ["makes the copy executable for whoever may read it", 0o640, 0o750],
    ["carries no set-ID bits over", 0o4755, 0o755],
  ])("%s", (_, before, after) => {
    chmodSync(runsc, before);
    adopt(runsc, "--gofer", gofer);
    expect(statSync(directory.at("runsc-bun-gofer")).mode & 0o7777).toBe(after);
  });

  test("warns when the gofer is not there or not executable", () => {
    chmodSync(gofer, 0o644);
    for (const path of [gofer, directory.at("missing"), directory.path]) {
      const { status, err } = adopt(runsc, "--gofer", path);
      expect(status).toBe(0);
      expect(err).toContain(`warning: ${path} is not an executable file`);
    }
  });

  test("warns when the output is away from runsc's companion programs", () => {
    mkdirSync(directory.at("gvisor-bin"));
    mkdirSync(directory.at("elsewhere"));
    expect(adopt(runsc, "--gofer", gofer).err).toBe("");
    const { status, err } = adopt(runsc, "--gofer", gofer, "--output", directory.at("elsewhere/runsc"));
    expect(status).toBe(0);
    expect(err).toContain("gvisor-bin");
  });

  test("needs --gofer when it does not run as a compiled executable", () => {
    const { status, err } = adopt(runsc);
    expect(status).toBe(1);
    expect(err).toContain("--gofer PATH is needed");
  });
});

describe("bun-gofer adopt refuses, with status 1, one line and no output,", () => {
  const refused = (reason: string, ...args: string[]) => {
    const before = readdirSync(directory.path);
    const { status, out, err } = adopt(...args);
    expect({ status, out, lines: err.split("\n").length }).toEqual({ status: 1, out: "", lines: 1 });
    expect(err).toStartWith("bun-gofer adopt: ");
    expect(err).toContain(reason);
    expect(readdirSync(directory.path)).toEqual(before);
    expect(Buffer.compare(readFileSync(runsc), tinyProgram())).toBe(0);
  };

  test("a missing input", () => refused("ENOENT", directory.at("missing"), "--gofer", gofer));
  test("a directory as input", () => refused("not a regular file", directory.path, "--gofer", gofer));
  test("an input that is not a program", () => refused("not an ELF file", gofer, "--gofer", "/opt/bun-gofer"));
  test("a relative gofer", () => refused("must be absolute", runsc, "--gofer", "bun-gofer"));
  test("the input as output", () => refused("the input itself", runsc, "--gofer", gofer, "--output", runsc));
  test("the gofer as output", () => refused("the gofer itself", runsc, "--gofer", gofer, "--output", gofer));

  test("another name of the input as output", () => {
    symlinkSync(runsc, directory.at("soft"));
    linkSync(runsc, directory.at("hard"));
    refused("the input itself", runsc, "--gofer", gofer, "--output", directory.at("soft"));
    refused("the input itself", runsc, "--gofer", gofer, "--output", directory.at("hard"));
  });

  test("an output that would be its own gofer", () => {
    const output = directory.at("new");
    refused("the gofer itself", runsc, "--gofer", output, "--output", output);
  });

  test("an output that is no regular file", () => {
    symlinkSync("nowhere", directory.at("dangling"));
    refused("not a regular file", runsc, "--gofer", gofer, "--output", directory.at("dangling"));
    refused("not a regular file", runsc, "--gofer", gofer, "--output", directory.path);
  });

  test("an output in a directory that does not exist", () => {
    refused("cannot write", runsc, "--gofer", gofer, "--output", directory.at("missing/runsc"));
  });

  test("names that no file can have", () => {
    const tooLong = directory.at("n".repeat(256));
    refused("ENAMETOOLONG", tooLong, "--gofer", gofer, "--output", directory.at("new"));
    refused("ENAMETOOLONG", runsc, "--gofer", gofer, "--output", tooLong);
  });

  test("undoing what was not adopted", () => refused("nothing to undo", "--undo", runsc));
});

describe("bun-gofer adopt --undo", () => {
  test("writes the byte-identical original", () => {
    adopt(runsc, "--gofer", gofer);
    const { status, out } = adopt("--undo", directory.at("runsc-bun-gofer"));
    expect(status).toBe(0);
    expect(out).toContain(directory.at("runsc-bun-gofer-stock"));
    expect(Buffer.compare(readFileSync(directory.at("runsc-bun-gofer-stock")), tinyProgram())).toBe(0);
  });

  test("says when the adopted copy was changed since", () => {
    adopt(runsc, "--gofer", gofer);
    const adopted = directory.at("runsc-bun-gofer");
    const bytes = readFileSync(adopted);
    bytes[bytes.length - 1] = 1;
    writeFileSync(adopted, bytes);
    const { status, err } = adopt("--undo", adopted);
    expect(status).toBe(1);
    expect(err).toContain("changed after it was adopted");
  });
});

describe("bun-gofer adopt with wrong arguments", () => {
  test.each([
    [[]],
    [["one", "two"]],
    [[""]],
    [["runsc", "--output"]],
    [["runsc", "--output="]],
    [["runsc", "--gofer="]],
    [["runsc", "--unknown"]],
    [["runsc", "--undo", "--gofer=/x"]],
  ])("%j: usage and status 2", (args) => {
    const { status, out, err } = adopt(...args);
    expect({ status, out }).toEqual({ status: 2, out: "" });
    expect(err).toContain("usage: bun-gofer adopt RUNSC");
  });

  test.each(["--help", "-h"])("%s describes every option on standard output, with status 0", (option) => {
    const { status, out, err } = adopt(option);
    expect({ status, err }).toEqual({ status: 0, err: "" });
    for (const name of ["--output", "--gofer", "--undo", "--help"]) {
      expect(out).toContain(name);
    }
  });
});
