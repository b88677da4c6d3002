package main

import (
	"encoding/json"
	"os"
	"path/filepath"
)

// mountOptions is one bind mount of the bundle.
type mountOptions struct {
	// source is a directory or file below the target's file system.
	source      string
	destination string
	options     []string
	// conf is its entry of --gofer-mount-confs; "lisafs:none" when empty.
	conf string
	// idMap makes it an id-mapped mount, users and groups alike.
	idMap []idRange
}

// writableTree is the mount that most cases run on.
var writableTree = mountOptions{source: "tree", destination: "/mnt", options: []string{"rbind", "rw"}}

var readonlyTree = mountOptions{source: "tree", destination: "/mnt", options: []string{"rbind", "ro"}}

func writeBundle(fresh string, o *goferOptions) (string, error) {
	bundle := filepath.Join(fresh, "bundle")
	mounts := []any{map[string]any{"destination": "/proc", "type": "proc", "source": "proc"}}
	for _, m := range o.mounts {
		mount := map[string]any{
			"destination": m.destination,
			"type":        "bind",
			"source":      filepath.Join(fresh, m.source),
			"options":     m.options,
		}
		if m.idMap != nil {
			mount["uidMappings"], mount["gidMappings"] = m.idMap, m.idMap
		}
		mounts = append(mounts, mount)
	}
	spec := map[string]any{
		"ociVersion": "1.0.2",
		"process":    map[string]any{"cwd": "/", "args": []string{"true"}, "user": map[string]any{"uid": 0, "gid": 0}},
		"root":       map[string]any{"path": "rootfs", "readonly": o.rootReadonly},
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
