from senders.plain_text import plain_text


def test_a_link_is_followed_by_its_address():
    html = '<p>See <a href="https://x.example/?a=1&amp;copy=2">this</a>.</p>'
    assert plain_text(html) == "See this (https://x.example/?a=1&copy=2).\n"


def test_anchors_and_mail_links_are_only_their_text():
    assert plain_text('<p><a href="#top">up</a> <a href="mailto:a@b.c">a</a></p>') == "up a\n"


def test_escaped_text_stays_text():
    assert plain_text("<p>&amp;lt;b&amp;gt; &lt;i&gt; &amp;amp; AT&amp;T&nbsp;&euro;</p>") == (
        "&lt;b&gt; <i> &amp; AT&T €\n"
    )


def test_nested_tables_do_not_change_the_text():
    inner = "<table><tr><td>&amp;amp;lt; a&amp;region=1</td></tr></table>"
    html = f"<table><tr><td>{inner}</td></tr></table>"
    assert plain_text(html) == "&amp;lt; a&region=1\n"


def test_layout_tables_leave_no_indent_and_few_blank_lines():
    html = "<table width=600><tr><td align=center><p>a</p></td></tr></table><br><br><br><p>b</p>"
    assert plain_text(html) == "a\n\nb\n"


def test_hidden_text_and_comments_are_left_out():
    assert plain_text('<div style="display:none">x</div><!--[if mso]>y<![endif]--><p>z</p>') == (
        "z\n"
    )
