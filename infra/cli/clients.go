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
	"cedula/shared/auth"
	"cedula/shared/identity"
)

func (c *cli) clients() *cobra.Command {
	return commandGroup("clients", "Create, list, show and suspend clients", c.createClient(), c.listClients(), c.showClient(), c.suspendClient())
}

func (c *cli) listClients() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List all clients, oldest first", Args: NoArguments,
		RunE: c.onRegistry(func(ctx context.Context, r *Registry, _ []string) error {
			all, err := r.Clients(ctx, admin.All{})
			if err != nil {
				return err
			}
			table := []row{{"CLIENT", "NAME", "TENANT", "STATE", "STAGE", "CREATED"}}
			for _, one := range all {
				table = append(table, row{one.ID, one.Name, one.Tenant, one.State, one.Stage, formatTime(one.Created)})
			}
			return c.print(all, table)
		}),
	}
}

func (c *cli) showClient() *cobra.Command {
	var enroll bool
	cmd := &cobra.Command{
		Use: "show CLIENT", Short: "Show a client", Args: exactArg("the client's id"),
		RunE: c.onRegistry(func(ctx context.Context, r *Registry, args []string) error {
			client, err := r.Client(ctx, admin.ByID{ID: args[0]})
			if err != nil {
				return err
			}
			err = c.print(client, clientTable(client))
			if err == nil && enroll {
				err = r.enroll(ctx, client)
			}
			return err
		}),
	}
	cmd.Flags().BoolVar(&enroll, "enrol", false, "create the client's usage-plan key in API Gateway if it is missing")
	return cmd
}

func (c *cli) suspendClient() *cobra.Command {
	var lift bool
	cmd := &cobra.Command{
		Use: "suspend CLIENT", Short: "Suspend a client, or end its suspension", Args: exactArg("the client's id"),
		Example: c.example("clients suspend 7c2m9x4hq0vt5kzb", "clients suspend 7c2m9x4hq0vt5kzb --lift"),
		RunE: c.onRegistry(func(ctx context.Context, r *Registry, args []string) error {
			client, err := r.Suspend(ctx, admin.Suspension{ID: args[0], Lift: lift})
			if err != nil {
				return err
			}
			return c.printChange(statusChange{What: "client", ID: client.ID, State: client.State})
		}),
	}
	cmd.Flags().BoolVar(&lift, "lift", false, "end the suspension")
	return cmd
}

func clientTable(c admin.Client) []row {
	limits := "the registry's defaults"
	if c.Rate != 0 || c.Burst != 0 || c.Quota != 0 {
		limits = fmt.Sprintf("%g per second, burst %d, %d per day (0: the registry's default)", c.Rate, c.Burst, c.Quota)
	}
	return []row{
		{"client", c.ID},
		{"name", c.Name},
		{"tenant", c.Tenant},
		{"scopes", strings.Join(c.Scopes, " ")},
		{"state", c.State + ", " + c.Mode + ", " + c.Stage},
		{"limits", limits},
		{"new identities", cmp.Or(c.Onboarding, "the default of the API") + ", pending for at most " + pendingLife(c)},
		{"live secrets", c.Secrets},
		{"created", formatTime(c.Created)},
	}
}

func pendingLife(c admin.Client) string {
	life, err := time.ParseDuration(c.PendingTTL)
	if err != nil {
		life = identity.DefaultPendingTTL
	}
	return (*duration)(&life).String()
}

// clientFlags are the flags of a new client.
type clientFlags struct {
	auth.ClientParams
	mode, stage string
}

func (n *clientFlags) addTo(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&n.Name, "name", "", "name of the client (required)")
	f.StringVar(&n.Tenant, "tenant", "", "tenant whose identities it can access (default: a new tenant)")
	f.StringArrayVar((*[]string)(&n.Scopes), "scope", nil, "scope of the client, may be repeated: "+auth.AllScopes.String())
	f.StringVar(&n.mode, "mode", "lenient", "lenient, or strict to reject what the vendors' APIs tolerate")
	f.StringVar(&n.stage, "stage", "test", "test, whose identities accept the code 000000, or live")
	f.Float64Var(&n.Limits.Rate, "rate", 0, "requests per second, with --burst (0: the registry's default)")
	f.IntVar(&n.Limits.Burst, "burst", 0, "requests in a burst, with --rate (0: the registry's default)")
	f.IntVar(&n.Limits.Quota, "quota", 0, "requests per day (0: the registry's default)")
	f.StringVar(&n.Policy.Onboarding, "steps", "", "onboarding policy of new identities: instant, contact or contact+screening (default: contact through the Conomy API, unless the client has identity:status:write; instant through the Blnk API)")
	f.Var((*duration)(&n.Policy.PendingTTL), "pending-life", "how long a new identity can stay pending, 1h to 90d (default: 7d)")
	_ = cmd.MarkFlagRequired("name")
}

// validate checks every flag, because JSON cannot carry every invalid value to a server.
func (n *clientFlags) validate(flags *pflag.FlagSet) error {
	if err := checkScopes(n.Scopes); err != nil {
		return err
	}
	if n.mode != "lenient" && n.mode != "strict" {
		return errors.New("--mode must be lenient or strict")
	}
	if n.stage != "test" && n.stage != "live" {
		return errors.New("--stage must be test or live")
	}
	if len(n.Scopes) == 0 {
		return fmt.Errorf("--scope is required; valid scopes: %s", auth.AllScopes)
	}
	n.Strict = n.mode == "strict"
	n.TestMode = n.stage == "test"
	if flags.Changed("pending-life") && n.Policy.PendingTTL == 0 {
		n.Policy.PendingTTL = -1 // which is invalid: without the flag zero stands for the default
	}
	policy := identity.Policy{Onboarding: identity.Onboarding(n.Policy.Onboarding), PendingTTL: n.Policy.PendingTTL}
	if err := policy.Validate(); err != nil {
		return fmt.Errorf("--%w", err)
	}
	return n.Validate()
}

func checkScopes(list []string) error {
	for _, s := range list {
		if !slices.Contains(auth.AllScopes, s) {
			return fmt.Errorf("unknown scope %q; valid scopes: %s", s, auth.AllScopes)
		}
	}
	return nil
}

func (c *cli) createClient() *cobra.Command {
	var n clientFlags
	cmd := &cobra.Command{
		Use: "create --name NAME --scope SCOPE...", Short: "Create a client with a secret and a key for each API", Args: NoArguments,
		Example: c.example("clients create --name shop --scope identity:read --scope identity:write --rate 50 --burst 100"),
		RunE: checkFirst(n.validate, c.onRegistry(func(ctx context.Context, r *Registry, _ []string) error {
			return c.addClient(ctx, r, n.ClientParams)
		})),
	}
	n.addTo(cmd)
	return cmd
}

func (c *cli) bootstrap() *cobra.Command {
	var n clientFlags
	cmd := &cobra.Command{
		Use: "bootstrap --name NAME", Short: "Create the first client of a registry, with every scope", Args: NoArguments,
		Example: c.example("bootstrap --name back-office"),
		RunE: checkFirst(n.validate, c.onRegistry(func(ctx context.Context, r *Registry, _ []string) error {
			existing, err := r.Clients(ctx, admin.All{})
			if err != nil {
				return err
			}
			if len(existing) > 0 {
				return fmt.Errorf("the registry has clients already; use `%s clients create`", c.program)
			}
			return c.addClient(ctx, r, n.ClientParams)
		})),
	}
	n.addTo(cmd)
	n.Scopes = auth.Scopes{auth.ScopeAll}
	_ = cmd.Flags().MarkHidden("scope")
	return cmd
}

// addClient creates a client and prints it, then adds it to the gateway's usage plan. If that fails, the client exists and
// the error names the command that tries again.
func (c *cli) addClient(ctx context.Context, r *Registry, n auth.ClientParams) error {
	made, err := r.CreateClient(ctx, n)
	if err != nil {
		return err
	}
	err = c.print(made, append(clientTable(made.Client),
		row{"client secret", made.Secret},
		row{"x-api-key", made.ConomyKey},
		row{"X-blnk-key", made.BlnkKey},
		row{"\nThese secrets are not shown again. Store them like passwords."},
	))
	if err != nil {
		return err
	}
	if err := r.enroll(ctx, made.Client); err != nil {
		return fmt.Errorf("the client was created, but API Gateway does not count its requests yet: %w; run `%s clients show %s --enrol`", err, c.program, made.ID)
	}
	return nil
}
