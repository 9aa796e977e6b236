// Command cedula-aws manages the clients and keys of a registry that runs in AWS. It is a program of its own because
// compiling the AWS clients takes as long as compiling the rest of cedula.
package main

import (
	"os"

	"cedula/infra/cli"
	"cedula/infra/cli/stack"
)

func main() {
	root := cli.New("cedula-aws", "Manage the clients and keys of a registry in AWS", &stack.Stack{})
	os.Exit(cli.Run(root, os.Args[1:], os.Stdout, os.Stderr))
}
