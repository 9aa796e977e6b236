// Command search looks through all that the tests' processes logged for the
// personal data that the tests sent, and fails if any of it is there.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	folder := flag.String("kept", "", "the folder with the lines, as named by CEDULA_CANARY")
	root := flag.String("root", ".", "the module's root")
	flag.Parse()
	if err := run(os.Stdout, *root, *folder); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(out io.Writer, root, folder string) error {
	values, err := personal(root)
	if err != nil {
		return err
	}
	lines, err := read(folder)
	if err != nil {
		return err
	}
	if missed := planted(values); len(missed) > 0 {
		return fmt.Errorf("canary: the search misses what was planted: %q", missed)
	}
	leaks := search(lines, values)
	for _, l := range leaks {
		_, _ = fmt.Fprintf(out, "%s: %q stands in %.500s\n", l.from, l.value, l.text)
	}
	total, packages := 0, map[string]bool{}
	for _, l := range lines {
		total++
		packages[l.from] = true
	}
	_, _ = fmt.Fprintf(out, "searched %d lines of %d packages for %d values, each of which was found where it was planted: %d leaks\n",
		total, len(packages), len(values), len(leaks))
	if len(leaks) > 0 || total == 0 {
		return fmt.Errorf("canary: %d leaks in %d lines", len(leaks), total)
	}
	return nil
}
