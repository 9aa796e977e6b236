// Command cedula runs a registry on this machine and manages its clients and keys.
package main

import (
	"os"

	"cedula/infra/cli"
	"cedula/infra/local"
)

func main() {
	registry := &cli.Local{}
	root := cli.New("cedula", "Run a registry on this machine, and manage its clients and keys", registry)
	root.AddCommand(local.NewCommand(registry))
	os.Exit(cli.Run(root, os.Args[1:], os.Stdout, os.Stderr))
}
