package harness

import (
	"encoding/json"
	"os"
	"path/filepath"
)

// Mount is one bind mount of the bundle.
type Mount struct {
	// Source is a directory or file below the fresh file system.
	Source      string
	Destination string
	Options     []string
	// Conf is its entry of --gofer-mount-confs; "lisafs:none" when empty.
	Conf string
	// IDMap makes it an id-mapped mount, users and groups alike.
	IDMap []IDRange
}

// writeBundle writes the configuration, and makes the root's directory unless the caller has.
func writeBundle(fresh string, o *Options) (string, error) {
	bundle := filepath.Join(fresh, "bundle")
	if err := os.MkdirAll(filepath.Join(bundle, "rootfs"), 0o755); err != nil {
		return "", err
	}
	mounts := []any{map[string]any{"destination": "/proc", "type": "proc", "source": "proc"}}
	for _, m := range o.Mounts {
		mount := map[string]any{
			"destination": m.Destination,
			"type":        "bind",
			"source":      filepath.Join(fresh, m.Source),
			"options":     m.Options,
		}
		if m.IDMap != nil {
			mount["uidMappings"], mount["gidMappings"] = m.IDMap, m.IDMap
		}
		mounts = append(mounts, mount)
	}
	spec := map[string]any{
		"ociVersion": "1.0.2",
		"process":    map[string]any{"cwd": "/", "args": []string{"true"}, "user": map[string]any{"uid": 0, "gid": 0}},
		"root":       map[string]any{"path": "rootfs", "readonly": o.RootReadonly},
		"mounts":     mounts,
		"linux": map[string]any{"namespaces": []any{map[string]any{"type": "mount"},
			map[string]any{"type": "pid"}}},
	}
	encoded, err := json.Marshal(spec)
	if err != nil {
		return "", err
	}
	return bundle, os.WriteFile(filepath.Join(bundle, "config.json"), encoded, 0o644)
}
