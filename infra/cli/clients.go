package main

import (
	"cmp"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"cedula/infra/local/admin"
	"cedula/shared/auth"
)

func (c *cli) clients() *cobra.Command {
	return commandGroup("clients", "Make, list, show and suspend clients", c.createClient(), c.listClients(), c.showClient(), c.suspendClient())
}

func (c *cli) listClients() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List all clients, the oldest first", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withRegistry(cmd.Context(), func(r *openRegistry) error {
				all, err := r.Clients(cmd.Context(), admin.All{})
				if err != nil {
					return err
				}
				c.print(all, func(w *tabwriter.Writer) {
					writeRow(w, "CLIENT", "NAME", "TENANT", "STATE", "STAGE", "CREATED")
					for _, one := range all {
						writeRow(w, one.ID, one.Name, one.Tenant, one.State, one.Stage, formatTime(one.Created))
					}
				})
				return nil
			})
		},
	}
}

func (c *cli) showClient() *cobra.Command {
	var enroll bool
	cmd := &cobra.Command{
		Use: "show CLIENT", Short: "Show a client", Args: exactArg("the client's id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withRegistry(cmd.Context(), func(r *openRegistry) error {
				client, err := r.Client(cmd.Context(), admin.ByID{ID: args[0]})
				if err != nil {
					return err
				}
				c.print(client, func(w *tabwriter.Writer) { writeClient(w, client) })
				if enroll {
					return r.plans.AddClient(cmd.Context(), client)
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&enroll, "enrol", false, "make the gateway's key for the client if it is missing")
	return cmd
}

func (c *cli) suspendClient() *cobra.Command {
	var lift bool
	cmd := &cobra.Command{
		Use: "suspend CLIENT", Short: "Shut a client out, or let it in again", Args: exactArg("the client's id"),
		Example: "  cedula clients suspend 7c2m9x4hq0vt5kzb\n  cedula clients suspend 7c2m9x4hq0vt5kzb --lift",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withRegistry(cmd.Context(), func(r *openRegistry) error {
				client, err := r.Suspend(cmd.Context(), admin.Suspension{ID: args[0], Lift: lift})
				if err != nil {
					return err
				}
				change := statusChange{What: "client", ID: client.ID, State: client.State, EffectiveBy: time.Now().Add(auth.RevocationDelay)}
				c.print(change, change.lines)
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&lift, "lift", false, "let the client in again")
	return cmd
}

func writeClient(w *tabwriter.Writer, c admin.Client) {
	limits := "the registry's own"
	if c.Rate != 0 || c.Burst != 0 || c.Quota != 0 {
		limits = fmt.Sprintf("%g a second, %d at once, %d a day (0: the registry's own)", c.Rate, c.Burst, c.Quota)
	}
	writeRow(w, "client", c.ID)
	writeRow(w, "name", c.Name)
	writeRow(w, "tenant", c.Tenant)
	writeRow(w, "scopes", strings.Join(c.Scopes, " "))
	writeRow(w, "state", c.State+", "+c.Mode+", "+c.Stage)
	writeRow(w, "limits", limits)
	writeRow(w, "new identities", cmp.Or(c.Onboarding, "what is usual")+", pending for "+cmp.Or(c.PendingTTL, "168h")+" at most")
	writeRow(w, "live secrets", c.Secrets)
	writeRow(w, "created", formatTime(c.Created))
}
