package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"cedula/shared/auth"
	"cedula/shared/identity"
	"cedula/shared/table"
	"cedula/shared/table/pebble"
)

// cli holds the global flags and the output.
type cli struct {
	out     io.Writer
	json    bool
	data    string // folder of a local registry
	stack   string // or a stack in AWS
	region  string
	profile string
}

const (
	longHelp = `Manage the clients of a registry: their keys, scopes and limits.

The commands work on the data directory of a local registry (--data), whether or
not its server is running, or on a stack in AWS (--stack).

Secrets are shown once, when they are created. Revocations take effect everywhere
within 60 seconds.`
	examples = `  cedula clients create --name shop --scope identity:read --scope identity:write
  cedula keys create --client 7c2m9x4hq0vt5kzb --use blnk --scope identity:read
  cedula secrets rotate 7c2m9x4hq0vt5kzb --overlap 24h
  cedula --stack cedula-production --region us-east-1 bootstrap --name back-office`
)

func newRoot(out io.Writer) *cobra.Command {
	c := &cli{out: out}
	root := &cobra.Command{
		Use: "cedula", Short: "Manage the clients and keys of a registry", Long: longHelp, Example: examples, Version: version(),
		SilenceUsage: true, SilenceErrors: true, Args: noArguments, RunE: showHelp,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return c.checkFlags(cmd.Flags()) },
	}
	f := root.PersistentFlags()
	f.BoolVar(&c.json, "json", false, "print JSON, for scripts")
	f.StringVar(&c.data, "data", cmp.Or(os.Getenv("CEDULA_DATA"), ".cedula"), "data directory of a local registry, or CEDULA_DATA")
	f.StringVar(&c.stack, "stack", os.Getenv("CEDULA_STACK"), "name of a stack in AWS, instead of --data, or CEDULA_STACK")
	f.StringVar(&c.region, "region", "", "AWS region of the stack (default: the profile's)")
	f.StringVar(&c.profile, "profile", "", "AWS profile (default: the environment's)")
	root.SetOut(out)
	root.AddCommand(c.clients(), c.keys(), c.secrets(), c.bootstrap(), c.smoke(), c.expire())
	root.SetHelpCommand(helpCommand(root))
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w; see: %s --help", err, cmd.CommandPath())
	})
	return root
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
	g := &cobra.Command{Use: use, Short: short, Args: noArguments, RunE: showHelp}
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
			if err := noArguments(cmd, rest); err != nil {
				return err
			}
			return cmd.Help()
		},
	}
}

// noArguments rejects arguments. For a group its error lists the subcommands.
func noArguments(cmd *cobra.Command, args []string) error {
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

// checkFlags rejects empty flag values (an unset shell variable), and --region or --profile without --stack.
func (c *cli) checkFlags(flags *pflag.FlagSet) (err error) {
	flags.Visit(func(f *pflag.Flag) {
		values := []string{f.Value.String()}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		blank := slices.ContainsFunc(values, isBlank)
		_, required := f.Annotations[cobra.BashCompOneRequiredFlag]
		switch {
		case blank && required:
			err = fmt.Errorf("--%s is empty; give it a value", f.Name)
		case blank:
			err = fmt.Errorf("--%s is empty; give it a value, or omit it", f.Name)
		case c.stack != "" && f.Name == "data":
			err = errors.New("--data is the directory of a local registry and cannot be used with --stack")
		case c.stack == "" && (f.Name == "region" || f.Name == "profile"):
			err = fmt.Errorf("--%s requires --stack", f.Name)
		}
	})
	return err
}

func isBlank(s string) bool { return strings.TrimSpace(s) == "" }

// exactArg accepts exactly one argument; its error says what that is.
func exactArg(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 1 && !isBlank(args[0]) {
			return nil
		}
		return fmt.Errorf("%s is required: %s", what, cmd.UseLine())
	}
}

// userMessage turns an error of a command into what an operator can do about it.
func userMessage(cmd *cobra.Command, err error) string {
	var key *auth.InvalidKeyError
	if errors.As(err, &key) {
		return "--" + key.Field + " " + key.Reason
	}
	var client *auth.InvalidClientError
	if errors.As(err, &client) {
		return "--" + client.Field + " " + client.Reason
	}
	for _, known := range []struct {
		err  error
		text string
	}{
		{auth.ErrNotFound, "no such client or key; `cedula clients list` and `cedula keys list` show the existing ones"},
		{auth.ErrInvalidOverlap, "--overlap must be between 0 and 168h (7 days)"},
		{auth.ErrExpired, "the key is no longer valid; create a new one with `cedula keys create`"},
		{pebble.ErrLocked, err.Error() + "; a server may be starting, or another command may be ending: try again"},
		{fs.ErrNotExist, err.Error() + "; name the directory with --data, or start the registry once with `make run`"},
		{auth.ErrUnavailable, "the table is unavailable, try again: " + err.Error()},
		{identity.ErrUnavailable, "the table is unavailable, try again: " + err.Error()},
		{table.ErrUnavailable, "the table is unavailable, try again: " + err.Error()},
	} {
		if errors.Is(err, known.err) {
			return known.text
		}
	}
	if strings.HasPrefix(err.Error(), "required flag") {
		return err.Error() + "; see: " + cmd.CommandPath() + " --help"
	}
	return err.Error()
}
