// Package timetravel moves the time of single tenants of a local registry, so that
// what takes days can be tried in a second. It is for sandboxes alone.
// It knows nothing of what depends on the time.
package timetravel

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// FileName is the clock's in a data folder.
const FileName = "clock.json"

// MaxOffset is how far a tenant's time can be moved.
const MaxOffset = 10 * 366 * 24 * time.Hour

// Clock is how far ahead each tenant's time is. It is safe for concurrent use.
type Clock struct {
	path string

	mu      sync.RWMutex
	offsets map[string]time.Duration
}

// Open reads the clock of a data folder; without a file everybody's is right.
func Open(folder string) (*Clock, error) {
	c := &Clock{path: filepath.Join(folder, FileName), offsets: make(map[string]time.Duration)}
	text, err := os.ReadFile(c.path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &c.offsets)
	}
	if err != nil {
		return nil, fmt.Errorf("%s is damaged; remove it to have every tenant's time right again: %w", c.path, err)
	}
	return c, nil
}

// Offset is how far a tenant's time is before everybody's.
func (c *Clock) Offset(tenant string) time.Duration {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.offsets[tenant]
}

// LargestOffset is that of the tenant whose time is moved most.
func (c *Clock) LargestOffset() (most time.Duration) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for _, d := range c.offsets {
		most = max(most, d)
	}
	return most
}

// errInvalidAdvance is for a move that is none, or too far.
var errInvalidAdvance = fmt.Errorf("advance must be a duration above 0, such as 168h, and lead no further than %v", MaxOffset)

// Advance moves a tenant's time forward, and returns how far it is ahead then. It
// never goes back: what is past for somebody stays past.
func (c *Clock) Advance(tenant string, by time.Duration) (time.Duration, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if by <= 0 || by > MaxOffset-c.offsets[tenant] {
		return 0, errInvalidAdvance
	}
	c.offsets[tenant] += by
	text, err := json.MarshalIndent(c.offsets, "", "  ")
	if err == nil {
		err = writeFileAtomic(c.path, text)
	}
	if err != nil {
		c.offsets[tenant] -= by
		return 0, err
	}
	return c.offsets[tenant], nil
}

// writeFileAtomic writes a file that is there as it was or as it is to be.
func writeFileAtomic(path string, text []byte) error {
	fresh := path + ".new"
	if err := os.WriteFile(fresh, text, 0o600); err != nil {
		return err
	}
	return os.Rename(fresh, path)
}
