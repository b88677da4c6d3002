import { nodeFs } from "../../ffi/node-fs.ts";
import { booleanFlag } from "./flag-types.ts";
import type { DeviceProxies } from "./global-flags.ts";
import type { Spec } from "./spec.ts";

const nvidiaAnnotation = "dev.gvisor.internal.nvproxy";
const tpuAnnotation = "dev.gvisor.internal.tpuproxy";

const nvidiaControl = "/dev/nvidiactl";
const nvidiaDevice = /^\/dev\/nvidia(?:ctl|-uvm|\d+)$/;
const accelerator = /^\/dev\/accel(\d+)$/;
const vfio = "/dev/vfio";
/** A container of VFIO groups, which alone asks for nothing. */
const vfioContainer = "/dev/vfio/vfio";
const rdmaDevice = "/dev/infiniband/uverbs";

/** Whether /dev/accel`number` is a Tensor Processing Unit that runsc knows how to stand before. */
type IsTpu = (number: string) => boolean;

/**
 * Those of a container's devices that a proxy in the sandbox opens by way of the gofer, by their paths. Which proxies there are
 * is said by flags, by annotations, and by the devices themselves.
 * Source: SetupDev in runsc/cmd/sandboxsetup/gofer_mount.go, runsc/specutils/nvidia.go and specutils.go.
 */
export function proxiedDevices(spec: Spec, flags: DeviceProxies, isTpu: IsTpu = isKnownTpu): readonly string[] {
  const { devicePaths } = spec;
  const nvidia = flags.nvidia || annotated(spec, nvidiaAnnotation) || devicePaths.includes(nvidiaControl);
  const tpu = flags.tpu || annotated(spec, tpuAnnotation) || devicePaths.some(asksForTpu);
  return devicePaths.filter(
    (path) =>
      (nvidia && nvidiaDevice.test(path)) ||
      (tpu && (path.startsWith(vfio) || isTpu(accelerator.exec(path)?.[1] ?? ""))) ||
      (flags.rdma && path.startsWith(rdmaDevice)),
  );
}

function annotated({ annotations }: Spec, name: string): boolean {
  return booleanFlag(false).read(annotations.get(name) ?? "", false) === true;
}

function asksForTpu(path: string): boolean {
  return path.startsWith("/dev/accel") || (path.startsWith(vfio) && path !== vfioContainer);
}

const googleVendor = 0x1a_e0;
/** PCI device IDs of versions 4 and 4 lite; later ones are VFIO devices. Source: pkg/abi/tpu/tpu.go. */
const tpuIds: readonly number[] = [0x00_5e, 0x00_56];

/** Source: IsTPUDeviceValid in runsc/cmd/util/tpu.go. */
function isKnownTpu(number: string): boolean {
  return (
    number !== "" &&
    attributeOf(number, "vendor") === googleVendor &&
    tpuIds.includes(attributeOf(number, "device") ?? -1)
  );
}

/** A number in sysfs; undefined when there is none. */
function attributeOf(number: string, name: string): number | undefined {
  try {
    return Number(nodeFs().readFileSync(`/sys/class/accel/accel${number}/device/${name}`, "latin1"));
  } catch {
    return undefined;
  }
}
