package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"cedula/infra/canary"
)

// line is one that was logged, and the package whose tests it is of.
type line struct{ from, text string }

// leak is a line with a value in it.
type leak struct {
	line
	value string
}

func read(folder string) (lines []line, err error) {
	files, err := filepath.Glob(filepath.Join(folder, "*"+canary.Suffix))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("canary: no lines are kept in %q: %w", folder, err)
	}
	for _, path := range files {
		f, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("canary: %w", err)
		}
		name, _, _ := strings.Cut(filepath.Base(path), ".")
		scanner := bufio.NewScanner(f)
		scanner.Buffer(nil, 64<<20)
		for scanner.Scan() {
			lines = append(lines, line{strings.ReplaceAll(name, "+", "/"), scanner.Text()})
		}
		if err := scanner.Err(); err != nil {
			return nil, fmt.Errorf("canary: %s: %w", path, err)
		}
		_ = f.Close()
	}
	return lines, nil
}

// search finds the values in the lines, whatever their case, as they are and as
// JSON writes them, where no letter or digit stands before or after: a trace has
// many digits. The canaries, which are like nothing else, are found anywhere.
func search(lines []line, values []string) (leaks []leak) {
	type spelt struct{ plain, quoted, value string }
	all := make([]spelt, len(values))
	for n, v := range values {
		quoted, _ := json.Marshal(v)
		all[n] = spelt{strings.ToLower(v), strings.ToLower(strings.Trim(string(quoted), `"`)), v}
	}
	for _, l := range lines {
		text := unescaped.Replace(strings.ToLower(l.text))
		for _, s := range all {
			if alone(text, s.plain) || alone(text, s.quoted) || slices.Contains(canaries, s.value) && strings.Contains(text, s.plain) {
				leaks = append(leaks, leak{l, s.value})
			}
		}
	}
	return leaks
}

// unescaped turns the escapes of JSON back that would join a value to another word.
var unescaped = strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&", `\n`, "\n", `\t`, "\t", `\r`, "\r", `\"`, `"`)

// alone finds a value that is not a part of a longer word.
func alone(text, value string) bool {
	for from := 0; ; {
		at := strings.Index(text[from:], value)
		if at < 0 {
			return false
		}
		at += from
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		after, _ := utf8.DecodeRuneInString(text[at+len(value):])
		if !word(before) && !word(after) {
			return true
		}
		from = at + 1
	}
}

func word(c rune) bool {
	return c != utf8.RuneError && (unicode.IsLetter(c) || unicode.IsDigit(c))
}

// planted puts each value into a line as a careless log would, and returns those
// that the search misses.
func planted(values []string) (missed []string) {
	for _, v := range values {
		quoted, _ := json.Marshal("identity " + strings.ToUpper(v) + " is taken")
		if len(search([]line{{"planted", `{"level":"INFO","error":` + string(quoted) + `}`}}, []string{v})) == 0 &&
			len(search([]line{{"planted", "identity " + v + " is taken"}}, []string{v})) == 0 {
			missed = append(missed, v)
		}
	}
	return missed
}
