"""Spellings of a protected branch and of a protected pipeline, written by hand."""

from __future__ import annotations

# Each is the branch `main` in other words: it is judged as `main`, and sent as `main`.
SAME = (
    "main", "refs/heads/main", "heads/main", "refs/heads/heads/main", "heads/heads/main",
    "heads/refs/heads/main", "refs/heads/refs/heads/main", "heads/heads/heads/main",
    "refs/heads/heads/heads/main", " main", "main ", " refs/heads/main ", "  heads/main",
    "heads/refs/heads/heads/main", "refs/heads/refs/heads/refs/heads/main",
)  # fmt: skip
# Nobody sees these characters: with one of them in it, a name reads "main".
UNSEEN = (
    "\u00ad", "\u034f", "\u061c", "\u115f", "\u1160", "\u17b4", "\u17b5", "\u180b", "\u180e", "\u200b", "\u200c",
    "\u200d", "\u200e", "\u200f", "\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2060", "\u2061", "\u2062",
    "\u2063", "\u2064", "\u2065", "\u2066", "\u2067", "\u2068", "\u2069", "\u206a", "\u206f", "\u2800", "\u3164",
    "\ufe00", "\ufe0e", "\ufe0f", "\ufeff", "\uffa0", "\ufff0", "\ufff9", "\ufffa", "\ufffb", "\U0001bca0",
    "\U0001d173", "\U000e0000", "\U000e0001", "\U000e0020", "\U000e0061", "\U000e007f", "\U000e0100",
    "\U000e01ef",
)  # fmt: skip
HIDDEN = (
    *(f"ma{char}in" for char in UNSEEN),
    "main\u200b", "\u200bmain", "main\u2060", "\u2060main", "\ufeffmain", "main\ufeff", "m\u200ba\u200bi\u200bn",
    "refs/heads/main\u200b", "refs/heads/\u200bmain", "re\u200bfs/heads/main", "heads\u200b/main",
    "heads/\u2060main", "main\u202e", "\u202emain\u202c", "main\ufe0f", "main\u00ad", "main\U000e0041",
    "\u200e\u200fmain", "main\u034f",
)  # fmt: skip
# Other forms of the letters: hosts and people that fold them read "main".
OTHER_FORMS = (
    "ｍａｉｎ", "ｍain", "mａin", "maｉn", "maiｎ", "ⓜⓐⓘⓝ", "𝐦𝐚𝐢𝐧", "𝑚𝑎𝑖𝑛", "𝒎𝒂𝒊𝒏", "𝓂𝒶𝒾𝓃", "𝖒𝖆𝖎𝖓", "𝚖𝚊𝚒𝚗", "𝗆𝖺𝗂𝗇",
    "ma𝗂n", "mªin", "maⁱn", "maiⁿ", "ᵐain", "mᵃin", "refs／heads／main", "heads／main", "refs/heads/ｍain",
    "ｒefs/heads/main", "ⅿain", "𝕞𝕒𝕚𝕟", "🄼ain", "maᵢn",
)  # fmt: skip
# Git refuses these, or looks them up as something else than a branch; some would be fetched as `main`.
NOT_A_BRANCH = (
    "+main", "+refs/heads/main", "+heads/main", "refs/heads/+main", "^main", "main^", "main^0", "main^{}",
    "main^{commit}", "main~", "main~0", "main~1", "main:main", "main:x", "main:refs/heads/x", ":main", "main:",
    "mai?", "m*n", "*", "[m]ain", "mai[n]", "[m", "main\\", "m\\ain", "ma in", "ma\tin", "ma\nin", "ma\x01in",
    "ma\x7fin", "ma\x85in", "ma\u00a0in", "ma\u2007in", "ma\u202fin", "ma\u3000in", "ma\u2028in", "ma\u2029in",
    "ma\u2003in", "/main", "//main", "main/", "main//", "heads//main", "refs//heads/main", "refs/heads//main",
    "refs/heads/main/", "/refs/heads/main", "/heads/main", "main.", "main..", "ma..in", "main..main",
    "main...main", ".main", "./main", "../main", "a/../main", "refs/heads/./main", "refs/heads/../heads/main",
    "main.lock", "main.lock/x", "refs/heads/main.lock", "@", "@{0}", "main@{0}", "main@{u}", "main@{upstream}",
    "main@{now}", "@{-1}", "HEAD", "head", "Head", "refs/heads/HEAD", "heads/HEAD", "origin/main", "origin/HEAD",
    "remotes/origin/main", "refs/remotes/origin/main", "refs/remotes/origin/HEAD", "Refs/heads/main",
    "REFS/HEADS/main", "refs/tags/main", "tags/main", "refs/main", "refs/heads", "refs/heads/", "heads/",
    "refs/heads/heads/", "refs/pull/1/head", "refs/heads/origin/main", "refs/heads/refs/tags/main", "--main",
    "refs/heads/-main", "HEAD^", "HEAD~0",
)  # fmt: skip
REFUSED = (*HIDDEN, *OTHER_FORMS, *NOT_A_BRANCH)
# Git keeps these apart from `main`, and so does the policy: they start at once.
OTHERS = (
    "Main", "MAIN", "mainn", "main2", "main/x", "feature/main", "main-fix", "mаin", "x@main", "main@x", "fix#12",
    "HEADS/main", "größe", "日本語", "main+x", "octocat-main", "head/main", "headsmain",
)  # fmt: skip
# What `-c` may be that is main's code, or that cannot be told apart from it.
COMMITS = (
    "main", "refs/heads/main", "heads/main", "refs/heads/heads/main", "heads/refs/heads/main", "origin/main",
    "remotes/origin/main", "refs/remotes/origin/main", "refs/remotes/upstream/main", "v1.2", "tags/v1.2",
    "refs/pull/1/head", "FETCH_HEAD", "ORIG_HEAD", "release-1-gabcdef1", "Main", "origin/HEAD", "abc12",
)  # fmt: skip
# What `-c` may be that names no branch at all: only the branch of the build counts.
NO_BRANCH = ("HEAD", "head", "a" * 40, "A1" * 20, "b2" * 32, "refs/tags/v1.2", "refs/tags/main", "abc1234")
NO_COMMIT = (
    "main~1", "HEAD^", "HEAD~2", "main^{}", "@", "@{u}", "main@{0}", "+main", "main:x", ":/fix",
    "--upload-pack=x", "ma\u200bin", "ｍain", "main..x", "heads//main", "refs/heads/", "/main", "main.lock",
    "ma in",
)  # fmt: skip
# The pipeline `deploy-prod` in other words.
SLUGS = ("deploy-prod", "Deploy-Prod", "DEPLOY-PROD", "acme-inc/deploy-prod", "Acme-Inc/DEPLOY-prod")
NO_SLUGS = (
    "deploy-prod\u200b", "deploy\u2060-prod", "\ufeffdeploy-prod", "dep\u00adloy-prod", "ｄeploy-prod",
    "deploy－prod", "deploy-prod\ufe0f", "deploy‑prod", "deploy-prod\U000e0041", "\u202edeploy-prod",
)  # fmt: skip
