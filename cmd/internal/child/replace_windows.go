package child

import "errors"

// CanReplace says whether [Replace] can work.
const CanReplace = false

// Replace fails: the system has nothing of that kind.
func Replace(string, []string, []string) error { return errors.ErrUnsupported }
