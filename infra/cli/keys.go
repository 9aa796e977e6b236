package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"cedula/infra/local/admin"
	"cedula/infra/local/datadir"
	"cedula/shared/auth"
)

func (c *cli) keys() *cobra.Command {
	return commandGroup("keys", "Create, list, rotate and revoke API keys", c.createKey(), c.listKeys(), c.rotateKey(), c.revokeKey())
}

func (c *cli) listKeys() *cobra.Command {
	return &cobra.Command{
		Use: "list CLIENT", Short: "List the keys of a client, oldest first", Args: exactArg("the client's id"),
		RunE: c.onRegistry(func(ctx context.Context, r *Registry, args []string) error {
			all, err := r.Keys(ctx, admin.ByID{ID: args[0]})
			if err != nil {
				return err
			}
			table := []row{{"KEY", "API", "NAME", "STATE", "SCOPES", "EXPIRES", "CREATED", "OWNER", "CREATED BY"}}
			for _, k := range all {
				table = append(table, row{k.ID, k.API, k.Name, k.State, keyScopes(k), formatTime(keyEnd(k)), formatTime(k.Created), cmp.Or(k.Owner, "-"), keyMaker(k)})
			}
			return c.print(all, table)
		}),
	}
}

func (c *cli) revokeKey() *cobra.Command {
	var withMade bool
	cmd := &cobra.Command{
		Use: "revoke KEY", Short: "Revoke a key", Args: exactArg("the key's id"),
		Example: c.example("keys revoke 7c2m9x4hq0vt5kzb4f8d2k9w --with-made"),
		RunE: c.onRegistry(func(ctx context.Context, r *Registry, args []string) error {
			ended, err := r.RevokeKey(ctx, admin.Revocation{ID: args[0], WithMade: withMade})
			if err != nil {
				return err
			}
			change := statusChange{What: "key", ID: ended[0].ID, State: "revoked"}
			for _, k := range ended[1:] {
				change.Made = append(change.Made, k.ID)
			}
			return c.printChange(change)
		}),
	}
	cmd.Flags().BoolVar(&withMade, "with-made", false, "also revoke the keys that it created, and those that they created")
	return cmd
}

func (c *cli) createKey() *cobra.Command {
	var n keyFlags
	cmd := &cobra.Command{
		Use: "create --client CLIENT --use conomy|blnk", Short: "Create another key of a client", Args: NoArguments,
		Example: c.example("keys create --client 7c2m9x4hq0vt5kzb --use blnk --scope identity:read --expires-in 30d"),
		RunE: checkFirst(n.validate, c.onRegistry(func(ctx context.Context, r *Registry, _ []string) error {
			return c.addKey(ctx, r, n.KeyParams)
		})),
	}
	f := cmd.Flags()
	f.StringVar(&n.Client, "client", "", "the client's id (required)")
	f.StringVar(&n.api, "use", "", "the API that accepts it: conomy or blnk (required)")
	f.StringVar(&n.Name, "name", "", "name of the key")
	f.StringArrayVar((*[]string)(&n.Scopes), "scope", nil, "restrict the key to this scope of the client, may be repeated: "+auth.AllScopes.String())
	f.Var((*duration)(&n.ttl), "expires-in", "how long the key is valid, such as 30d (default: it does not expire)")
	_ = cmd.MarkFlagRequired("client")
	_ = cmd.MarkFlagRequired("use")
	return cmd
}

func (c *cli) addKey(ctx context.Context, r *Registry, n admin.KeyParams) error {
	owner, err := r.Client(ctx, admin.ByID{ID: n.Client})
	if err != nil {
		return err
	}
	for _, s := range n.Scopes {
		if len(auth.Scopes(owner.Scopes).Intersect(auth.Scopes{s})) == 0 {
			return fmt.Errorf("--scope %s is not one of the client's scopes: %s", s, auth.Scopes(owner.Scopes))
		}
	}
	made, err := r.CreateKey(ctx, n)
	if err != nil {
		return err
	}
	return c.printNewKey(made)
}

// keyFlags are the flags of a new key.
type keyFlags struct {
	admin.KeyParams
	api string
	ttl time.Duration
}

// validate checks every flag, because JSON cannot carry every invalid value to a server, and sets the API and the expiry.
func (n *keyFlags) validate(flags *pflag.FlagSet) error {
	if err := checkScopes(n.Scopes); err != nil {
		return err
	}
	index := slices.IndexFunc(datadir.APIs, func(a auth.API) bool { return a.Name == n.api })
	if index < 0 {
		return errors.New("--use must be conomy or blnk")
	}
	n.API = datadir.APIs[index]
	now := time.Now()
	if flags.Changed("expires-in") {
		if n.ttl < time.Second {
			return errors.New("--expires-in must be at least 1s, such as 30d; omit it for a key that does not expire")
		}
		n.Expires = now.Add(n.ttl).UTC().Truncate(time.Second)
	}
	return n.Validate(now)
}

func (c *cli) rotateKey() *cobra.Command {
	var r admin.Rotation
	cmd := &cobra.Command{
		Use: "rotate KEY", Short: "Replace a key with a new one", Args: exactArg("the key's id"),
		Example: c.example("keys rotate 7c2m9x4hq0vt5kzb4f8d2k9w --overlap 24h"),
		RunE: c.onRegistry(func(ctx context.Context, reg *Registry, args []string) error {
			r.ID = args[0]
			made, err := reg.RotateKey(ctx, r)
			if err != nil {
				return rotationError(err, "use an --overlap that lasts until then")
			}
			return c.printNewKey(made)
		}),
	}
	addRotationFlags(cmd, &r)
	return cmd
}

func (c *cli) secrets() *cobra.Command {
	var r admin.Rotation
	cmd := &cobra.Command{
		Use: "rotate CLIENT", Short: "Replace the secret of a client", Args: exactArg("the client's id"),
		Long: `Replace the secret of a client. The previous secret stays valid for the overlap.
A client has at most two valid secrets: during an earlier overlap a rotation
requires --force.`,
		Example: c.example("secrets rotate 7c2m9x4hq0vt5kzb --overlap 24h"),
		RunE: c.onRegistry(func(ctx context.Context, reg *Registry, args []string) error {
			r.ID = args[0]
			made, err := reg.RotateSecret(ctx, r)
			if err != nil {
				return rotationError(err, "rotate again after that")
			}
			table := []row{{"client", made.Client}, {"client secret", made.Secret}}
			for _, old := range made.Old {
				table = append(table, row{"old secret", "valid until " + formatTime(old.GoodUntil) + "; its access tokens for one more hour"})
			}
			return c.print(made, append(table, secretShownOnce))
		}),
	}
	addRotationFlags(cmd, &r)
	return commandGroup("secrets", "Rotate the secrets of clients", cmd)
}

// addRotationFlags adds the flags of both rotations.
func addRotationFlags(cmd *cobra.Command, r *admin.Rotation) {
	r.Overlap = 24 * time.Hour
	cmd.Flags().Var((*duration)(&r.Overlap), "overlap", "how long the previous key or secret stays valid: 0 to 7d")
	cmd.Flags().BoolVar(&r.Force, "force", false, "shorten the overlap of an earlier rotation")
}

// rotationError explains a conflict with an earlier rotation and what to do instead. It returns other errors unchanged.
func rotationError(err error, instead string) error {
	var conflict *auth.RotationConflict
	if !errors.As(err, &conflict) {
		return err
	}
	return fmt.Errorf("an earlier rotation keeps the previous one valid until %s; %s, or shorten that with --force", formatTime(conflict.Until), instead)
}

// printNewKey prints a key with its text, and the end of the key that it replaces.
func (c *cli) printNewKey(k admin.NewKey) error {
	table := []row{
		{"key", k.ID},
		{"client", k.Client},
		{"API", k.API},
		{"scopes", keyScopes(k.Key)},
		{"expires", formatTime(k.Expires)},
		{"key text", k.Text},
	}
	if k.Old != nil {
		table = append(table, row{"old key", k.Old.ID + " is valid until " + formatTime(k.Old.GoodUntil) + " and rejected everywhere by " + formatTime(k.Old.RejectedEverywhereAfter)})
	}
	return c.print(k, append(table, secretShownOnce))
}

func keyScopes(k admin.Key) string {
	if k.Scopes == nil {
		return "the client's"
	}
	return strings.Join(k.Scopes, " ")
}

// keyEnd returns when a key stops working, because it expires or is revoked; zero: never.
func keyEnd(k admin.Key) time.Time {
	if k.Expires.IsZero() || !k.Revoked.IsZero() && k.Revoked.Before(k.Expires) {
		return k.Revoked
	}
	return k.Expires
}

// keyMaker returns the key that made k. The makers of old keys were not stored, but only keys made by a key have an owner.
func keyMaker(k admin.Key) string {
	if k.CreatedBy == "" && k.Owner != "" {
		return "a key"
	}
	return cmp.Or(k.CreatedBy, "operator")
}
