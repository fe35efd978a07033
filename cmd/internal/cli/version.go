package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// release is the version of the next or this release; CHANGELOG.md has its story.
const release = "0.1.0"

// version is the release with the commit that it was built from, if known.
func version() string {
	v := "flask-vault " + release
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				v += " (" + s.Value[:12] + ")"
			}
		}
	}
	return fmt.Sprintf("%s %s %s/%s", v, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  " + a.name + " version",
		Args:    exactly(0, ""),
		RunE: func(*cobra.Command, []string) error {
			return a.print([]byte(version() + "\n"))
		},
	}
}
