package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"cedula/infra/local/timetravel"
	"cedula/shared/identity"
)

// expireResult is what a run did, as shown.
type expireResult struct {
	Examined  int     `json:"examined"`
	Expired   int     `json:"expired"`
	Skipped   int     `json:"kept"`
	Conflicts int     `json:"conflicts"`
	Failed    int     `json:"failed"`
	Lag       float64 `json:"lagSeconds"`
	Seconds   float64 `json:"seconds"`
	DryRun    bool    `json:"dryRun"`
}

func (c expireResult) lines(w *tabwriter.Writer) {
	what := "removed"
	if c.DryRun {
		what = "would be removed"
	}
	writeRow(w, "looked at", c.Examined)
	writeRow(w, what, c.Expired)
	writeRow(w, "kept", c.Skipped)
	writeRow(w, "changed meanwhile", c.Conflicts)
	writeRow(w, "failed", c.Failed)
	writeRow(w, "took", fmt.Sprintf("%.1f s", c.Seconds))
}

func (c *cli) expire() *cobra.Command {
	var dry bool
	cmd := &cobra.Command{
		Use: "expire", Short: "Remove the pending identities whose time is over, as the schedule does", Args: noArguments,
		Long: "Removes the pending identities whose time is over, as the schedule does every 15 minutes.\n" +
			"It may be run beside that, and ended at any moment: what is left is for the next run.",
		Example: "  cedula expire --dry-run\n  cedula expire",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withRegistry(cmd.Context(), func(r *registry) error {
				return c.runExpire(cmd.Context(), r, dry, cmd.ErrOrStderr())
			})
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only count them")
	return cmd
}

// runExpire counts what is due first, so that the progress has an end.
func (c *cli) runExpire(ctx context.Context, r *registry, dry bool, progress io.Writer) error {
	cleaner, err := c.newReaper(r)
	if err != nil {
		return err
	}
	start := time.Now()
	done, err := cleaner.Expire(ctx, start.Add(time.Hour), true)
	if err == nil && !dry && done.Expired > 0 {
		bar := progressbar.NewOptions(done.Expired, progressbar.OptionSetWriter(progress), progressbar.OptionShowCount(),
			progressbar.OptionShowIts(), progressbar.OptionSetDescription("removing"), progressbar.OptionSetPredictTime(true),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionOnCompletion(func() { _, _ = fmt.Fprintln(progress) }))
		cleaner.OnExamined = func() { _ = bar.Add(1) }
		done, err = cleaner.Expire(ctx, start.Add(time.Hour), false)
	}
	c.print(expireResult{
		done.Examined, done.Expired, done.Skipped, done.Conflicts, done.Failed, done.Lag.Seconds(), time.Since(start).Seconds(), dry,
	})
	return err
}

// newReaper goes by each tenant's own time, which only a local registry moves.
func (c *cli) newReaper(r *registry) (*identity.Reaper, error) {
	cleaner := &identity.Reaper{Service: &identity.Service{Store: r.store, Now: r.Now, Random: rand.Reader}, PendingIndex: r.store}
	if c.stack != "" {
		return cleaner, nil
	}
	moved, err := timetravel.Open(c.data)
	if err != nil {
		return nil, err
	}
	cleaner.ClockOffset, cleaner.MaxClockOffset = moved.Offset, moved.LargestOffset()
	return cleaner, nil
}
