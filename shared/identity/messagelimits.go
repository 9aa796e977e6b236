package identity

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"
)

// MessageLimits bound the verification messages within an hour. They keep an attacker with a client's credentials from sending
// messages to numbers that earn money (ITU-T E.156, "toll fraud").
type MessageLimits struct{ PerClient, PerTenant int }

// DefaultMessageLimits are used where a deployment sets none.
var DefaultMessageLimits = MessageLimits{PerClient: 500, PerTenant: 2000}

// ParseMessageLimits parses a setting such as "500/2000", for a client and a tenant; "" stands for DefaultMessageLimits.
func ParseMessageLimits(text string) (MessageLimits, error) {
	if text == "" {
		return DefaultMessageLimits, nil
	}
	var l MessageLimits
	_, err := fmt.Sscanf(text+"\n", "%d/%d\n", &l.PerClient, &l.PerTenant)
	if err != nil || l.PerClient < 1 || l.PerTenant < l.PerClient {
		return MessageLimits{}, errors.New("must be two numbers such as 500/2000, the messages of a client and of a tenant in an hour")
	}
	return l, nil
}

// MessageCount counts the verification messages of a tenant within an hour, by client.
type MessageCount struct {
	Since    time.Time
	ByClient map[string]int
	Version  int64 // set by the store
}

// Add counts a message of a client. It returns a *RateLimited if the client or the tenant has reached a limit. An hour that
// a wrong clock began does not count.
func (c *MessageCount) Add(client string, limits MessageLimits, now time.Time) error {
	age := now.Sub(c.Since)
	if age < 0 || age >= time.Hour {
		c.Since, c.ByClient = now, nil
	}
	total := 0
	for _, n := range c.ByClient {
		total += n
	}
	wait := c.Since.Add(time.Hour).Sub(now)
	if total >= limits.PerTenant {
		return &RateLimited{RetryAfter: wait, Reason: "too many codes were sent for this tenant within an hour", OfTenant: true}
	}
	if c.ByClient[client] >= limits.PerClient {
		return &RateLimited{RetryAfter: wait, Reason: "too many codes were sent for this client within an hour"}
	}
	counts := map[string]int{}
	maps.Copy(counts, c.ByClient)
	counts[client]++
	c.ByClient = counts
	return nil
}

// LimitedAddress returns the form of an address by which its messages are counted. Of an email it is the mailbox that receives
// them at the large providers: without what follows a plus sign, and at Gmail without dots.
func (c Channel) LimitedAddress(address string) string {
	if c != ChannelEmail {
		return address
	}
	local, host, _ := strings.Cut(NormalizeEmail(address), "@")
	local, _, _ = strings.Cut(local, "+")
	if host == "gmail.com" || host == "googlemail.com" {
		local, host = strings.ReplaceAll(local, ".", ""), "gmail.com"
	}
	return local + "@" + host
}
