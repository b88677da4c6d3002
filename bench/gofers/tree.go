package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	threadsMax    = 4
	entriesListed = 1000
	fileBytes     = 1 << 20
	attributeName = "user.bench"
	linkTarget    = "a/target/of/usual/length"
)

// deepPath is a chain of directories, one in the other.
var deepPath = []string{"level1", "level2", "level3", "level4", "level5", "level6", "level7", "level8"}

// Each thread has its own file, link and directory to work in: what is measured is the gofer, not the file system's
// locks.
func fileOf(thread int) string    { return fmt.Sprintf("file%d", thread) }
func linkOf(thread int) string    { return fmt.Sprintf("link%d", thread) }
func scratchOf(thread int) string { return fmt.Sprintf("scratch%d", thread) }

const listedDirectory = "listed"

// buildTree makes what the operations work on.
func buildTree(root string) error {
	if err := os.MkdirAll(filepath.Join(root, filepath.Join(deepPath...)), 0o755); err != nil {
		return err
	}
	content := []byte(strings.Repeat("gofer\n\x00 ", fileBytes/8))
	for thread := range threadsMax {
		file := filepath.Join(root, fileOf(thread))
		if err := os.WriteFile(file, content, 0o644); err != nil {
			return err
		}
		if err := unix.Setxattr(file, attributeName, []byte("value"), 0); err != nil {
			return fmt.Errorf("setting an extended attribute on %s, which tmpfs allows from Linux 6.6 on: %w", file, err)
		}
		if err := os.Symlink(linkTarget, filepath.Join(root, linkOf(thread))); err != nil {
			return err
		}
		if err := os.Mkdir(filepath.Join(root, scratchOf(thread)), 0o755); err != nil {
			return err
		}
	}
	return buildFiles(filepath.Join(root, listedDirectory), entriesListed)
}

// buildFiles makes a directory of empty files, called 0, 1 and so on.
func buildFiles(directory string, count int) error {
	if err := os.Mkdir(directory, 0o755); err != nil {
		return err
	}
	for i := range count {
		if err := os.WriteFile(filepath.Join(directory, fmt.Sprint(i)), nil, 0o644); err != nil {
			return err
		}
	}
	return nil
}
