package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"cedula/infra/local/admin"
	"cedula/shared/auth"
	"cedula/shared/identity"
)

// clientFlags are the flags of a new client.
type clientFlags struct {
	auth.ClientParams
	scopes     []string
	mode       string
	stage      string
	onboarding string
}

func (n *clientFlags) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&n.Name, "name", "", "what to call the client (required)")
	f.StringVar(&n.Tenant, "tenant", "", "whose identities it sees (default: a tenant of its own)")
	f.StringArrayVar(&n.scopes, "scope", nil, `what it may do, such as identity:read; may be repeated, "*" is everything`)
	f.StringVar(&n.mode, "mode", "lenient", "lenient, or strict to refuse what the dialects otherwise let pass")
	f.StringVar(&n.stage, "stage", "test", "test, or live for real people")
	f.Float64Var(&n.Limits.Rate, "rate", 0, "requests a second, with --burst (0: the registry's own limit)")
	f.IntVar(&n.Limits.Burst, "burst", 0, "requests at once, with --rate (0: the registry's own limit)")
	f.IntVar(&n.Limits.Quota, "quota", 0, "requests a day (0: the registry's own limit)")
	f.StringVar(&n.onboarding, "steps", "", "what a new identity goes through: instant, contact or contact+screening (default: what is usual in each dialect)")
	f.DurationVar(&n.Policy.PendingTTL, "pending-life", 0, "how long a new identity may stay pending, 1h to 2160h (default: 168h)")
	_ = cmd.MarkFlagRequired("name")
}

func (n *clientFlags) validate() error {
	n.Scopes = auth.Scopes(n.scopes)
	if err := checkScopes(n.scopes); err != nil {
		return err
	}
	if n.mode != "lenient" && n.mode != "strict" {
		return errors.New("--mode must be lenient or strict")
	}
	if n.stage != "test" && n.stage != "live" {
		return errors.New("--stage must be test or live")
	}
	if len(n.scopes) == 0 {
		return fmt.Errorf("--scope is needed, or the client may do nothing; there are: %s", auth.AllScopes)
	}
	n.Strict = n.mode == "strict"
	n.TestMode = n.stage == "test"
	n.Policy.Onboarding = n.onboarding
	if err := (identity.Policy{Onboarding: identity.Onboarding(n.onboarding), PendingTTL: n.Policy.PendingTTL}).Validate(); err != nil {
		return fmt.Errorf("--steps or --pending-life: %w", err)
	}
	return nil
}

func checkScopes(list []string) error {
	for _, s := range list {
		if !slices.Contains(auth.AllScopes, s) {
			return fmt.Errorf("--scope %q is none; there are: %s", s, auth.AllScopes)
		}
	}
	return nil
}

func (c *cli) createClient() *cobra.Command {
	var n clientFlags
	cmd := &cobra.Command{
		Use: "create --name NAME --scope SCOPE...", Short: "Make a client with a secret and a key for each API", Args: noArguments,
		Example: "  cedula clients create --name shop --scope identity:read --scope identity:write --rate 50 --burst 100",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.runCreateClient(cmd.Context(), &n)
		},
	}
	n.addFlags(cmd)
	return cmd
}

// runCreateClient creates a client and prints it, then adds it to the gateway's usage plan. If that fails, the client
// exists and the error names the command that tries again.
func (c *cli) runCreateClient(ctx context.Context, n *clientFlags) error {
	if err := n.validate(); err != nil {
		return err
	}
	return c.withRegistry(ctx, func(r *openRegistry) error {
		made, err := r.CreateClient(ctx, n.ClientParams)
		if err != nil {
			return err
		}
		c.print(made, func(w *tabwriter.Writer) {
			writeClient(w, made.Client)
			writeRow(w, "client secret", made.Secret)
			writeRow(w, "x-api-key", made.ConomyKey)
			writeRow(w, "X-blnk-key", made.BlnkKey)
			writeRow(w, "\nThis is the only time that they are shown. Keep them as you keep passwords.")
		})
		if err := r.plans.AddClient(ctx, made.Client); err != nil {
			return fmt.Errorf("the client was made, but the gateway does not count its calls yet: %w; run `cedula clients show %s --enrol`", err, made.ID)
		}
		return nil
	})
}

func (c *cli) bootstrap() *cobra.Command {
	var n clientFlags
	cmd := &cobra.Command{
		Use: "bootstrap --name NAME", Short: "Make the first client of a registry, which may do everything", Args: noArguments,
		Example: "  cedula --stack cedula-sandbox bootstrap --name back-office",
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := c.withRegistry(cmd.Context(), func(r *openRegistry) error {
				existing, err := r.Clients(cmd.Context(), admin.All{})
				if err == nil && len(existing) > 0 {
					return fmt.Errorf("the registry has %d clients; use `cedula clients create`", len(existing))
				}
				return err
			})
			if err != nil {
				return err
			}
			return c.runCreateClient(cmd.Context(), &n)
		},
	}
	n.addFlags(cmd)
	n.scopes = []string{auth.ScopeAll}
	_ = cmd.Flags().MarkHidden("scope")
	return cmd
}
