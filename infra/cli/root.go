// Package cli is the command line of a registry. A program chooses the registry: one on this machine or a stack in AWS.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Target is where the commands find their registry.
type Target interface {
	// AddFlags adds the flags that select the registry, with their defaults from the environment.
	AddFlags(*pflag.FlagSet)
	// Check reports a flag that is missing.
	Check() error
	// Open opens the registry. The caller closes it.
	Open(context.Context) (*Registry, error)
	// BaseURLs returns the base URL of each API, by its name.
	BaseURLs(context.Context) (map[string]string, error)
	// EnvFile returns the path of a file with a client's credentials. It is empty if there is no such file.
	EnvFile() string
}

// cli is what the commands share.
type cli struct {
	Target
	program string
	json    bool
	out     io.Writer // of the command that runs
}

const longHelp = `.

Secrets are shown once, when they are created. Revocations take effect everywhere
within 60 seconds. Durations are written like 90m, 12h or 7d.`

// New returns the root command of a program, which short describes, with the commands that manage clients and keys.
func New(program, short string, target Target) *cobra.Command {
	c := &cli{Target: target, program: program}
	root := &cobra.Command{
		Use: program, Short: short, Long: short + longHelp, Version: version(), SilenceUsage: true, SilenceErrors: true, Args: NoArguments, RunE: showHelp,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			c.out = cmd.OutOrStdout()
			return checkFlags(cmd.Flags())
		},
	}
	f := root.PersistentFlags()
	f.BoolVar(&c.json, "json", false, "print JSON, including errors")
	target.AddFlags(f)
	root.AddCommand(c.clients(), c.keys(), c.secrets(), c.bootstrap(), c.smoke(), c.expire())
	root.SetUsageTemplate(strings.Replace(root.UsageTemplate(), "{{if .Runnable}}", "{{if not .HasAvailableSubCommands}}", 1)) // a group only shows its help
	root.SetHelpCommand(helpCommand(root))
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		if args := cmd.Flags().Args(); cmd.HasAvailableSubCommands() && len(args) > 0 {
			return NoArguments(cmd, args) // the command does not exist, so that its flags are unknown
		}
		if strings.Contains(err.Error(), "unknown flag: --stack") {
			return fmt.Errorf("%w; cedula-aws manages a registry in AWS", err)
		}
		return fmt.Errorf("%w; see: %s --help", err, cmd.CommandPath())
	})
	return root
}

// example returns lines of help that run the program with these arguments.
func (c *cli) example(lines ...string) string {
	return "  " + c.program + " " + strings.Join(lines, "\n  "+c.program+" ")
}

// version returns the commit that the program was built from.
func version() string {
	info, _ := debug.ReadBuildInfo()
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return info.Main.Version
}

// commandGroup returns a command that only holds others.
func commandGroup(use, short string, members ...*cobra.Command) *cobra.Command {
	g := &cobra.Command{Use: use, Short: short, Args: NoArguments, RunE: showHelp}
	g.AddCommand(members...)
	return g
}

func showHelp(cmd *cobra.Command, _ []string) error { return cmd.Help() }

// helpCommand returns cobra's help command, with an error for an unknown command.
func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "Show the help of a command",
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil {
				return err
			}
			if err := NoArguments(cmd, rest); err != nil {
				return err
			}
			return cmd.Help()
		},
	}
}

// NoArguments rejects arguments. For a group its error lists the subcommands.
func NoArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if !cmd.HasAvailableSubCommands() {
		return fmt.Errorf("unexpected argument %q; see: %s --help", args[0], cmd.CommandPath())
	}
	text := fmt.Sprintf("unknown command %q for %q; available:", args[0], cmd.CommandPath())
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			text += " " + sub.Name()
		}
	}
	return errors.New(text)
}

// checkFlags rejects empty flag values, as of an unset shell variable.
func checkFlags(flags *pflag.FlagSet) (err error) {
	flags.Visit(func(f *pflag.Flag) {
		values := []string{f.Value.String()}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		if !slices.ContainsFunc(values, isBlank) {
			return
		}
		err = fmt.Errorf("--%s is empty; give it a value", f.Name)
		if _, required := f.Annotations[cobra.BashCompOneRequiredFlag]; !required {
			err = fmt.Errorf("%w, or omit it", err)
		}
	})
	return err
}

func isBlank(s string) bool { return strings.TrimSpace(s) == "" }

// exactArg accepts exactly one argument; its error says what that is.
func exactArg(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 1 {
			return NoArguments(cmd, args[1:])
		}
		if len(args) == 1 && !isBlank(args[0]) {
			return nil
		}
		return fmt.Errorf("%s is required: %s", what, cmd.UseLine())
	}
}
